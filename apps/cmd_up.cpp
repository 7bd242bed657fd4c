#include <memory>

#include "apps/command.hpp"
#include "apps/up_program.hpp"

namespace euromesh::apps {

void add_up(CLI::App& root, Context& context) {
    const auto options = std::make_shared<UpOptions>();
    CLI::App* command = root.add_subcommand("up", "a whole federation on this machine, for trying it");
    command->add_option("--folder", options->folder, "where it keeps everything (default euromesh-up)");
    command->add_option("--port", options->port,
                        "of the coordinator; the issuer's is the next; 0: free ones (default 8700)");
    command->add_flag("--fresh", options->fresh, "remove what an earlier start left in the folder");
    command->add_flag("--json", options->json, "one JSON line when it is ready");
    auto* listen = command->add_option("--listen", options->listen, "HOST:PORT of a coordinator for others")
                       ->group("Sites that are elsewhere");
    for (const auto& [name, file] :
         {std::pair{"--certificate", &options->certificate}, std::pair{"--key", &options->key},
          std::pair{"--authorities", &options->authorities}}) {
        listen->needs(command->add_option(name, *file, "of --listen: a PEM file")
                          ->needs(listen)
                          ->group(listen->get_group()));
    }
    command
        ->add_option(
            "--admit", options->admit,
            "no sites here: what `euromesh site key` prints elsewhere is put into this folder as NAME.json")
        ->check(CLI::ExistingDirectory)
        ->group(listen->get_group());
    command->footer("Example: euromesh up\nIt listens on this machine only. Ctrl-C ends it.");
    command->callback([options, &context] {
        context.chosen = [options, &context] { return run_up(*options, context.clock, context.log); };
    });
}

}  // namespace euromesh::apps
