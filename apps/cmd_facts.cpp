#include <algorithm>
#include <cstdio>
#include <memory>

#include "apps/command.hpp"
#include "apps/teller.hpp"
#include "base/assert.hpp"
#include "facts/catalogue.hpp"
#include "facts/fact_set.hpp"
#include "facts/totals.hpp"

namespace euromesh::apps {
namespace {

struct FactsArguments {
    std::string id;
    std::string data;
    std::string by = "status";
    bool json = false;
};

template <class Value>
Json known(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

Result<facts::FactFiles> files_of(const FactsArguments& arguments) {
    if (arguments.data.empty()) return facts::FactFiles::built_in();
    return facts::FactFiles::in_folder(arguments.data);
}

// --- check

Json to_json(const facts::CheckedFacts& checked) {
    Json problems = Json::array();
    for (const facts::Problem& problem : checked.problems.kept()) {
        problems.push_back({{"file", problem.file},
                            {"line", problem.line},
                            {"column", problem.column},
                            {"field", problem.field},
                            {"problem", problem.text}});
    }
    Json rows = Json::object();
    for (const facts::FileRows& file : checked.files) rows[file.file] = file.rows;
    return {{"problem_count", checked.problems.count()},
            {"problems", std::move(problems)},
            {"rows", std::move(rows)}};
}

std::string in_words(const facts::CheckedFacts& checked) {
    std::string text;
    for (const facts::Problem& problem : checked.problems.kept()) text += facts::in_words(problem) + "\n";
    if (!checked.problems.none()) return text;
    for (const facts::FileRows& file : checked.files)
        text += fmt::format("{:<22}{:>5} rows\n", file.file, file.rows);
    return text + "no problem found\n";
}

Status check(const FactsArguments& arguments) {
    EM_ASSIGN(const facts::FactFiles files, files_of(arguments));
    const facts::CheckedFacts checked = facts::check_facts(files);
    if (arguments.json)
        print_json(to_json(checked));
    else
        print(in_words(checked));
    const std::size_t count = checked.problems.count();
    if (count == 0) return {};
    const std::string of = arguments.data.empty() ? "the built-in facts" : arguments.data;
    const std::string told = count > facts::Problems::most_kept
                                 ? fmt::format(", the first {} of them listed", facts::Problems::most_kept)
                                 : "";
    return fail(Code::bad_input, "{} problem{} in {}{}", count, count == 1 ? "" : "s", of, told);
}

// --- show

Status show(const FactsArguments& arguments) {
    EM_ASSIGN(const facts::FactFiles files, files_of(arguments));
    EM_ASSIGN(const std::vector<facts::FactRecord> records, facts::find_records(files, arguments.id));
    Json all = Json::array();
    std::string text;
    for (const facts::FactRecord& record : records) {
        all.push_back(facts::to_json(record));
        text += (text.empty() ? "" : "\n") + facts::in_words(record);
    }
    if (arguments.json)
        print_json({{"id", arguments.id}, {"records", std::move(all)}});
    else
        print(text);
    return {};
}

// --- table

Status table(const FactsArguments& arguments) {
    EM_ASSIGN(const facts::FactFiles files, files_of(arguments));
    EM_ASSIGN(const facts::FactSet facts, facts::load_facts(files));
    const auto& names = facts::total_by_names();
    const auto by = std::find(names.begin(), names.end(), arguments.by);
    EM_ASSERT(by != names.end(), "a grouping that the command line let through");
    const facts::TotalsTable totals =
        facts::totals_table(facts, static_cast<facts::TotalBy>(by - names.begin()));
    if (arguments.json)
        print_json(facts::to_json(totals));
    else
        print(facts::in_words(totals));
    return {};
}

// --- list

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

std::string line_of(const facts::System& system) {
    const std::string count =
        system.accelerator_count ? std::to_string(*system.accelerator_count) : "unknown";
    return fmt::format("{:<18} {:<8} {:<12} {:<22} {:>8}\n", system.id, system.country,
                       facts::name_of(system.status), system.accelerator.value_or("unknown"), count);
}

Status list(const FactsArguments& arguments) {
    EM_ASSIGN(const facts::FactFiles files, files_of(arguments));
    EM_ASSIGN(const std::vector<facts::System> systems, facts::load_systems(files));
    Json rows = Json::array();
    std::string text =
        fmt::format("{:<18} {:<8} {:<12} {:<22} {:>8}\n", "id", "country", "status", "accelerator", "count");
    for (const facts::System& system : systems) {
        rows.push_back(row_of(system));
        text += line_of(system);
    }
    if (arguments.json)
        print_json(rows);
    else
        print(text);
    return {};
}

// --- the command line

using Arguments = std::shared_ptr<FactsArguments>;

CLI::App* add(CLI::App& group, Context& context, const Arguments& arguments, const char* name,
              const char* what, Status (*run)(const FactsArguments&)) {
    CLI::App* command = group.add_subcommand(name, what);
    command->fallthrough();
    command->callback(
        [arguments, run, &context] { context.chosen = [arguments, run] { return run(*arguments); }; });
    return command;
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
    CLI::App* checked =
        add(*group, context, arguments, "check", "names all that is wrong in the facts", check);
    checked->add_option("folder", arguments->data, "the same as --data");
    checked->footer("Example: euromesh facts check my-data");
    CLI::App* shown = add(*group, context, arguments, "show", "one record with its sources and grade", show);
    shown->add_option("id", arguments->id, "of a system, accelerator, cost, run ..., or a country (DE)")
        ->required();
    shown->footer("Example: euromesh facts show jupiter-booster");
    CLI::App* totals = add(*group, context, arguments, "table", "how many accelerators there are", table);
    totals->add_option("--by", arguments->by, "status, country, accelerator or kind")
        ->check(CLI::IsMember({"status", "country", "accelerator", "kind"}));
    totals->footer("Example: euromesh facts table --by country");
    CLI::App* listed = add(*group, context, arguments, "list", "all systems, a line each", list);
    listed->footer("Example: euromesh facts --json list");
}

}  // namespace euromesh::apps
