#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "contract/run_spec.hpp"
#include "sync/exchange/pki.hpp"

namespace euromesh::apps {
namespace {

struct PkiArguments {
    std::filesystem::path run_file;
    std::filesystem::path folder;
    bool overwrite = false;
    bool json = false;
};

Status init(const PkiArguments& arguments, const Context& context) {
    EM_ASSIGN(const contract::RunSpec spec, contract::load_run_spec(arguments.run_file));
    const std::filesystem::path folder = arguments.folder.empty() ? spec.pki : arguments.folder;
    std::vector<SiteId> ids;
    Json names = Json::array();
    for (const contract::SiteSpec& site : spec.sites) {
        ids.push_back(site.id);
        names.push_back(site.id.text());
    }
    EM_TRY(os::make_folders(folder));
    sync::PkiOptions options;
    options.overwrite = arguments.overwrite;
    EM_TRY(sync::pki_init(folder, spec.name, ids, context.clock, options));
    if (arguments.json) {
        std::printf(
            "%s\n",
            Json{{"folder", folder.string()}, {"run", spec.name.text()}, {"sites", names}}.dump().c_str());
    } else {
        std::printf(
            "Keys of run %s for %zu sites in %s: give each site ca.pem and its own .pem and .key; keep "
            "ca.key.\n",
            spec.name.text().c_str(), ids.size(), folder.c_str());
    }
    return {};
}

}  // namespace

void add_pki(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<PkiArguments>();
    CLI::App* pki = root.add_subcommand("pki", "keys with which the sites of a run know each other");
    pki->require_subcommand(1);
    CLI::App* command =
        pki->add_subcommand("init", "make an authority for a run, and a certificate for each site");
    command->add_option("run-file", arguments->run_file, "the run's TOML file")->required();
    command->add_option("--folder", arguments->folder, "where to (default: the run file's [exchange] pki)");
    command->add_flag("--overwrite", arguments->overwrite,
                      "replace keys that are there: sites with old ones are locked out");
    command->add_flag("--json", arguments->json, "tell the result as JSON");
    command->footer("Example: euromesh pki init run.toml --folder keys");
    command->callback([arguments, &context] {
        context.chosen = [arguments, &context] { return init(*arguments, context); };
    });
}

}  // namespace euromesh::apps
