#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "apps/teller.hpp"
#include "facts/systems.hpp"

namespace euromesh::apps {
namespace {

struct FactsArguments {
    std::string id;
    std::string data;
    bool json = false;
};

template <class Value>
Json known(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json row_of(const facts::System& system) {
    return {{"id", system.id},
            {"name", system.name},
            {"place", system.place},
            {"country", system.country},
            {"lat", known(system.lat)},
            {"lon", known(system.lon)},
            {"status", facts::name_of(system.status)},
            {"accelerator", known(system.accelerator)},
            {"accelerator_count", known(system.accelerator_count)},
            {"grade", facts::name_of(system.source.grade)},
            {"as_of", system.source.as_of},
            {"source", system.source.name},
            {"source_url", system.source.url}};
}

std::string shown(const Json& value) {
    if (value.is_null()) return "unknown";
    return value.is_string() ? value.get<std::string>() : value.dump();
}

Result<std::vector<facts::System>> systems_of(const FactsArguments& arguments) {
    std::optional<std::filesystem::path> folder;
    if (!arguments.data.empty()) folder = arguments.data;
    EM_ASSIGN(const facts::FactFiles files, facts::FactFiles::choose(folder));
    return facts::load_systems(files);
}

Status show(const FactsArguments& arguments) {
    EM_ASSIGN(const std::vector<facts::System> systems, systems_of(arguments));
    EM_ASSIGN(const facts::System system, facts::find_system(systems, arguments.id));
    const Json row = row_of(system);
    if (arguments.json) {
        print_json(row);
        return {};
    }
    for (const auto& [name, value] : row.items())
        std::printf("%-18s %s\n", name.c_str(), shown(value).c_str());
    return {};
}

Status list(const FactsArguments& arguments) {
    EM_ASSIGN(const std::vector<facts::System> systems, systems_of(arguments));
    Json rows = Json::array();
    for (const facts::System& system : systems) rows.push_back(row_of(system));
    if (arguments.json) {
        print_json(rows);
        return {};
    }
    std::printf("%-26s %-8s %-12s %-18s %s\n", "id", "country", "status", "accelerator", "count");
    for (const Json& row : rows) {
        std::printf("%-26s %-8s %-12s %-18s %s\n", shown(row["id"]).c_str(), shown(row["country"]).c_str(),
                    shown(row["status"]).c_str(), shown(row["accelerator"]).c_str(),
                    shown(row["accelerator_count"]).c_str());
    }
    return {};
}

}  // namespace

void add_facts(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<FactsArguments>();
    CLI::App* group =
        root.add_subcommand("facts", "what is known about Europe's public systems, with sources");
    group->require_subcommand(1);
    group->footer("Example: euromesh facts show jupiter-booster");
    group->add_option("--data", arguments->data, "a folder in place of the facts that travel in the program");
    group->add_flag("--json", arguments->json, "tell the result as JSON");
    CLI::App* one = group->add_subcommand("show", "one system with its source and grade");
    one->add_option("id", arguments->id, "as in 'euromesh facts list'")->required();
    one->footer("Example: euromesh facts show jupiter-booster");
    one->fallthrough();
    one->callback([arguments, &context] { context.chosen = [arguments] { return show(*arguments); }; });
    CLI::App* all = group->add_subcommand("list", "all systems, a line each");
    all->footer("Example: euromesh facts --json list");
    all->fallthrough();
    all->callback([arguments, &context] { context.chosen = [arguments] { return list(*arguments); }; });
}

}  // namespace euromesh::apps
