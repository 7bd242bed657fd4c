#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "apps/replica.hpp"
#include "apps/sample.hpp"

namespace euromesh::apps {
namespace {

struct GenerateArguments {
    std::filesystem::path checkpoint;
    std::string prompt;
    std::string device = "cpu";
    trainer::GenerateOptions options;
    bool json = false;
};

Status generate(const GenerateArguments& arguments) {
    EM_ASSIGN(const trainer::Device device, parse_device(arguments.device));
    EM_ASSIGN(trainer::Trainer model, load_for_use(arguments.checkpoint, device));
    EM_ASSIGN(const std::string text, model.generate(arguments.prompt, arguments.options));
    if (arguments.json)
        print_json({{"prompt", arguments.prompt}, {"text", text}});
    else
        std::printf("%s%s\n", arguments.prompt.c_str(), text.c_str());
    return {};
}

}  // namespace

void add_generate(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<GenerateArguments>();
    CLI::App* command = root.add_subcommand("generate", "continue a text with a trained model");
    command->add_option("checkpoint", arguments->checkpoint, "a site's folder, or one checkpoint in it")
        ->required();
    command->add_option("--prompt", arguments->prompt, "the text to continue")->required();
    command->add_option("--count", arguments->options.count, "bytes to write (default 200)")
        ->check(CLI::Range(1, 1000000));
    command
        ->add_option("--temperature", arguments->options.temperature, "0 takes the likeliest (default 0.8)")
        ->check(CLI::Range(0.0, 100.0));
    command->add_option("--top-k", arguments->options.top_k, "choose among this many; 0: all (default 40)")
        ->check(CLI::Range(0, 256));
    command->add_option("--seed", arguments->options.seed, "the same seed gives the same text (default 1)");
    command->add_option("--device", arguments->device, "cpu, torch-cpu or cuda (default cpu)");
    command->add_flag("--json", arguments->json, "tell the result as JSON");
    command->footer("Example: euromesh generate runs/three-sites/sites/jupiter --prompt 'Die Option '");
    command->callback(
        [arguments, &context] { context.chosen = [arguments] { return generate(*arguments); }; });
}

}  // namespace euromesh::apps
