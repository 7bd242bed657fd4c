#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>

#include "apps/command.hpp"
#include "apps/teller.hpp"
#include "base/os/file.hpp"
#include "federation/rules/cases.hpp"
#include "federation/rules/dialect.hpp"
#include "federation/rules/explanation.hpp"
#include "federation/rules/format.hpp"
#include "federation/rules/random_rules.hpp"
#include "federation/rules/shipped.hpp"

namespace euromesh::apps {
namespace {

using namespace federation;

struct RulesArguments {
    std::vector<std::string> files;
    std::vector<std::string> site_rules;
    std::string request;
    std::string name;
    std::uint64_t seed = 1;
    std::uint64_t count = 10000;
    bool json = false;
    bool check = false;
};

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

Result<RuleText> read_rules(const std::string& file) {
    EM_ASSIGN(std::string text, os::read_file(file, rule_text_max_bytes));
    return RuleText{file, std::move(text)};
}

Result<std::vector<RuleText>> read_all(const std::vector<std::string>& files) {
    if (files.empty()) return all_shipped_rules();
    std::vector<RuleText> texts;
    for (const std::string& file : files) {
        EM_ASSIGN(RuleText text, read_rules(file));
        texts.push_back(std::move(text));
    }
    return texts;
}

// Every problem on a line of its own; the status has only their number.
Status tell(facts::Problems& problems) {
    if (problems.none()) return {};
    problems.sort();
    for (const facts::Problem& problem : problems.kept()) print(facts::in_words(problem) + "\n");
    return fail(Code::bad_input, "{} problem{}", problems.count(), problems.count() == 1 ? "" : "s");
}

// --- check

Status check(const RulesArguments& arguments) {
    EM_ASSIGN(std::vector<RuleText> texts, read_all(arguments.files));
    const std::size_t files = texts.size();
    facts::Problems problems;
    const auto set = RuleSet::compile("federation", std::move(texts), problems);
    EM_TRY(tell(problems));
    print(fmt::format("{} rules in {} file{}, no problem found\nsha256 {}\n", set->rules().size(), files,
                      files == 1 ? "" : "s", to_hex(set->digest())));
    return {};
}

// --- fmt

Status lay_out(const RulesArguments& arguments) {
    facts::Problems problems;
    std::size_t changed = 0;
    for (const std::string& file : arguments.files) {
        EM_ASSIGN(const RuleText text, read_rules(file));
        const auto laid_out = format_rules(text.text, file, problems);
        if (!laid_out || *laid_out == text.text) continue;
        ++changed;
        print(file + "\n");
        if (!arguments.check) EM_TRY(os::write_file_atomically(file, *laid_out));
    }
    EM_TRY(tell(problems));
    if (arguments.check && changed > 0)
        return fail(Code::bad_input, "{} not laid out as 'euromesh rules fmt' does it", changed);
    return {};
}

// --- test

struct Tally {
    std::size_t passed = 0;
    std::size_t failed = 0;
};

// Where the texts of a cases file come from: its folder, or the program.
using Fetch = std::function<Result<RuleText>(const std::string& name)>;

Result<std::vector<RuleText>> fetch_all(const std::vector<std::string>& names, const Fetch& fetch) {
    std::vector<RuleText> texts;
    for (const std::string& name : names) {
        EM_ASSIGN(RuleText text, fetch(name));
        texts.push_back(std::move(text));
    }
    return texts;
}

Status test_file(const RuleText& file, const Fetch& fetch, Tally& tally) {
    facts::Problems problems;
    RuleCases cases = parse_rule_cases(file.text, file.name, problems);
    EM_TRY(tell(problems));
    const std::string beside = std::filesystem::path(file.name).stem().string() + ".rules";
    if (cases.rules.empty()) cases.rules.push_back(beside);
    EM_ASSIGN(std::vector<RuleText> texts, fetch_all(cases.rules, fetch));
    EM_ASSIGN(std::vector<RuleText> site_texts, fetch_all(cases.narrowing, fetch));
    const auto federation = RuleSet::compile("federation", std::move(texts), problems);
    const auto site = RuleSet::compile("site", std::move(site_texts), problems);
    EM_TRY(tell(problems));
    const std::array<const RuleSet*, 1> narrowing = {site.get()};
    const RuleCaseResults results = run_rule_cases(cases, *federation, narrowing);
    for (const RuleCaseFailure& failure : results.failures) {
        const RuleCase& one = *failure.rule_case;
        print(fmt::format("{}:{}:{}: {}: {}\n", file.name, one.place.line, one.place.column, one.name,
                          failure.text));
    }
    print(fmt::format("{}: {} passed, {} failed\n", file.name, results.passed, results.failures.size()));
    for (const Rule* rule : results.untested) {
        if (std::filesystem::path(rule->file).filename() == beside || rule->origin == "site")
            print(fmt::format("  no case in which {} ({}:{}) applies\n", rule->id, rule->file, rule->line));
    }
    tally.passed += results.passed;
    tally.failed += results.failures.size();
    return {};
}

Status test_shipped(Tally& tally) {
    for (const facts::EmbeddedFile& file : embedded_rules()) {
        if (file.name.ends_with(".cases"))
            EM_TRY(test_file({std::string(file.name), std::string(file.text)}, shipped_rules, tally));
    }
    return {};
}

Status test(const RulesArguments& arguments) {
    Tally tally;
    if (arguments.files.empty()) EM_TRY(test_shipped(tally));
    for (const std::string& name : arguments.files) {
        const std::filesystem::path file = std::filesystem::path(name).replace_extension(".cases");
        EM_ASSIGN(const RuleText cases, read_rules(file.string()));
        const Fetch fetch = [&](const std::string& wanted) {
            return read_rules((file.parent_path() / wanted).string());
        };
        EM_TRY(test_file(cases, fetch, tally));
    }
    print(fmt::format("{} passed, {} failed\n", tally.passed, tally.failed));
    if (tally.failed == 0) return {};
    return fail(Code::bad_input, "{} of {} cases failed", tally.failed, tally.failed + tally.passed);
}

// --- explain

Status explain_request(const RulesArguments& arguments) {
    EM_ASSIGN(const std::string text, os::read_file(arguments.request, json_max_bytes));
    auto parsed = parse_json(text);
    if (!parsed) return fail(parsed.error().within(arguments.request));
    EM_ASSIGN(const RuleRequestDocument document, RuleRequestDocument::from_json(*parsed, arguments.request));
    EM_ASSIGN(std::vector<RuleText> texts, read_all(arguments.files));
    EM_ASSIGN(const auto federation, RuleSet::compile("federation", std::move(texts)));
    std::vector<std::shared_ptr<const RuleSet>> sites;
    std::vector<const RuleSet*> narrowing;
    for (const std::string& file : arguments.site_rules) {
        EM_ASSIGN(RuleText site_text, read_rules(file));
        EM_ASSIGN(auto set,
                  RuleSet::compile(std::filesystem::path(file).stem().string(), {std::move(site_text)}));
        sites.push_back(std::move(set));
        narrowing.push_back(sites.back().get());
    }
    const RuleExplanation explanation = explain(*federation, narrowing, document.request());
    if (!arguments.json) {
        print(in_words(explanation));
        return {};
    }
    Json result = to_json(explanation);
    result["digest"] = to_hex(federation->digest());
    print_json(result);
    return {};
}

// --- schema, shipped, sample

Status schema(const RulesArguments& arguments) {
    if (arguments.json)
        print_json(rule_schema_json());
    else
        print(rule_schema_text());
    return {};
}

Status shipped(const RulesArguments& arguments) {
    if (arguments.name.empty()) {
        for (const RuleText& text : all_shipped_rules()) print(text.name + "\n");
        return {};
    }
    EM_ASSIGN(const RuleText text, shipped_rules(arguments.name));
    print(text.text);
    return {};
}

// A line for each set of rules: our text, Cedar's policies, and requests with our answers.
Status sample(const RulesArguments& arguments) {
    constexpr std::uint64_t requests_per_set = 20;
    RandomRules random(arguments.seed);
    for (std::uint64_t done = 0; done < arguments.count; done += requests_per_set) {
        std::string text;
        Json policies = Json::object();
        for (const RuleSyntax& rule : random.rules(1 + done / requests_per_set % 12)) {
            text += to_rule_text(rule);
            policies[rule.id.text] = to_cedar_text(rule);
        }
        EM_ASSIGN(const auto set, RuleSet::compile("federation", {{"sample", text}}));
        Json asked = Json::array();
        for (std::uint64_t i = done; i < std::min(done + requests_per_set, arguments.count); ++i) {
            const RuleRequestDocument document = random.request();
            asked.push_back({{"request", document.to_json()},
                             {"verdict", to_json(decide(*set, {}, document.request()))}});
        }
        print(
            Json{{"rules", text}, {"policies", std::move(policies)}, {"requests", std::move(asked)}}.dump() +
            "\n");
    }
    return {};
}

// --- the command line

using Arguments = std::shared_ptr<RulesArguments>;

CLI::App* add(CLI::App& group, Context& context, const Arguments& arguments, const char* name,
              const char* what, const char* example, Status (*run)(const RulesArguments&)) {
    CLI::App* command = group.add_subcommand(name, what);
    command->footer(fmt::format("Example: euromesh rules {}", example));
    command->callback(
        [arguments, run, &context] { context.chosen = [arguments, run] { return run(*arguments); }; });
    return command;
}

void add_explain(CLI::App& group, Context& context, const Arguments& arguments) {
    CLI::App* command = add(group, context, arguments, "explain", "why a request is allowed or refused",
                            "explain --request request.json --rules federation.rules", explain_request);
    command->add_option("--request", arguments->request, "a JSON file: action and records ('rules schema')")
        ->required();
    command->add_option("--rules", arguments->files, "the federation's; default: those in the program");
    command->add_option("--site-rules", arguments->site_rules, "a site's own, which can only narrow");
    command->add_flag("--json", arguments->json, "tell the result as JSON");
}

}  // namespace

void add_rules(CLI::App& root, Context& context) {
    const auto arguments = std::make_shared<RulesArguments>();
    CLI::App* group =
        root.add_subcommand("rules", "the law of a federation as text: check, lay out, test, explain");
    group->require_subcommand(1);
    group->footer("Example: euromesh rules test\nThe language: docs/rules.md");
    add(*group, context, arguments, "check", "names all that is wrong, with line and column",
        "check my.rules", check)
        ->add_option("files", arguments->files, "one set together; default: those in the program");
    CLI::App* laid_out = add(*group, context, arguments, "fmt",
                             "lays out rule files in the one way, in place", "fmt --check my.rules", lay_out);
    laid_out->add_option("files", arguments->files, "rule files")->required();
    laid_out->add_flag("--check", arguments->check, "change nothing, fail when there is something to change");
    add(*group, context, arguments, "test", "runs the cases beside rule files", "test my.cases", test)
        ->add_option("files", arguments->files,
                     "x.cases, or x.rules for x.cases; default: those in the program");
    add_explain(*group, context, arguments);
    add(*group, context, arguments, "schema", "what rules may speak about", "schema --json", schema)
        ->add_flag("--json", arguments->json, "as JSON");
    add(*group, context, arguments, "shipped", "the rules in the program", "shipped residency", shipped)
        ->add_option("name", arguments->name, "prints this one; default: their names");
    CLI::App* sampled = add(*group, context, arguments, "sample", "random rules and requests, for tests",
                            "sample --seed 1", sample);
    sampled->add_option("--seed", arguments->seed);
    sampled->add_option("--count", arguments->count);
    sampled->group("");
}

}  // namespace euromesh::apps
