#include "apps/plan_question.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/os/file.hpp"
#include "planner/embedded_scenarios.hpp"

namespace euromesh::apps {
namespace {

constexpr std::size_t max_scenario_bytes = 1u << 20;

Result<planner::ScenarioText> read_file(const std::filesystem::path& path) {
    EM_ASSIGN(std::string text, os::read_file(path, max_scenario_bytes));
    return planner::ScenarioText{path.lexically_normal().string(), std::move(text)};
}

Result<planner::ScenarioText> built_in(std::string_view name) {
    EM_ASSIGN(const facts::EmbeddedFile file, planner::embedded_scenario(name));
    return planner::ScenarioText{std::string(file.name), std::string(file.text)};
}

bool is_file(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error);
}

Status change(planner::Scenario& scenario, const PlanQuestion& question) {
    if (!question.target.empty()) {
        const auto target = planner::target_of(question.target);
        if (!target) return fail(Code::bad_input, "--{}", target.error().message);
        scenario.target = *target;
    }
    if (!question.countries.empty()) scenario.fleet.countries = question.countries;
    if (!question.share.empty()) {
        EM_ASSIGN(scenario.fleet.share, share_of(question.share));
    }
    if (!question.from.empty()) {
        const auto from = facts::parse_date(question.from);
        if (!from) return fail(Code::bad_input, "--from: {}", from.error().message);
        scenario.from = *from;
    }
    if (!question.measured.empty()) {
        EM_ASSIGN(scenario.run.measured, contract::read_measured(question.measured));
    }
    if (question.scenarios != 0) scenario.scenarios = question.scenarios;
    if (question.seed >= 0) scenario.seed = static_cast<std::uint64_t>(question.seed);
    return {};
}

}  // namespace

void add_question_options(CLI::App& command, PlanQuestion& question) {
    command.add_option("--target", question.target, "8b, 70b, 405b, llama-405b, or FLOP such as 3.8e25");
    command.add_option("--share", question.share,
                       "part of every system that may be used: 0.1 or 10%; of every scenario named");
    command.add_option("--countries", question.countries, "only systems of these: DE,FR or EU27")
        ->delimiter(',');
    command.add_option("--from", question.from, "first day, YYYY-MM-DD");
    command.add_option("--data", question.data, "a folder in place of the facts that travel in the program");
    command.add_option("--measured", question.measured,
                       "what 'euromesh train --measure' wrote: preferred over the formulas where it holds");
    command.add_flag("--json", question.json, "tell the result as JSON");
}

void add_doubt_options(CLI::App& command, PlanQuestion& question) {
    command.add_option("--scenarios", question.scenarios, "of the Monte Carlo (default: the scenario's)")
        ->check(CLI::Range(std::int64_t{2}, std::int64_t{100'000'000}));
    command.add_option("--seed", question.seed, "of the Monte Carlo")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 62));
    command.add_option("--threads", question.threads, "0: all cores")->check(CLI::Range(0u, 1024u));
}

Result<double> share_of(const std::string& text) {
    double share = 0;
    const char* end = text.data() + text.size();
    const bool percent = !text.empty() && text.back() == '%';
    if (percent) --end;
    const auto [at, error] = std::from_chars(text.data(), end, share);
    if (percent) share /= 100;
    if (error != std::errc{} || at != end || !(share > 0 && share <= 1))
        return fail(Code::bad_input, "--share '{}': use a part above 0 up to 1, such as 0.1 or 10%",
                    text.substr(0, 40));
    return share;
}

Result<facts::FactSet> facts_of(const PlanQuestion& question) {
    std::optional<std::filesystem::path> folder;
    if (!question.data.empty()) folder = question.data;
    EM_ASSIGN(const facts::FactFiles files, facts::FactFiles::choose(folder));
    return facts::load_facts(files);
}

Result<planner::ScenarioText> find_scenario(std::string_view name, std::string_view from) {
    const std::filesystem::path path = std::filesystem::path(from).parent_path() / name;
    for (const std::filesystem::path& candidate : {path, std::filesystem::path(path.string() + ".toml")})
        if (is_file(candidate)) return read_file(candidate);
    return built_in(name);
}

Result<planner::Scenario> scenario_of(const PlanQuestion& question, const std::string& name) {
    if (!is_file(name) && name.rfind("published-", 0) == 0)
        return fail(Code::bad_input,
                    "{0} holds parameters of the published analysis: 'euromesh plan headline "
                    "--scenario {0}' computes it",
                    name);
    const bool looks_like_a_path = name.find('/') != std::string::npos;
    Result<planner::ScenarioText> text =
        is_file(name)       ? read_file(name)
        : looks_like_a_path ? Result<planner::ScenarioText>(fail(Code::not_found, "{}: no such file", name))
                            : built_in(name);
    if (!text) return fail(std::move(text).error());
    EM_ASSIGN(planner::Scenario scenario, planner::read_scenario(*text, find_scenario));
    EM_TRY(change(scenario, question));
    return scenario;
}

std::string in_words(const std::optional<facts::Date>& date) {
    static constexpr const char* months[] = {"January",   "February", "March",    "April",
                                             "May",       "June",     "July",     "August",
                                             "September", "October",  "November", "December"};
    if (!date) return "never";
    const facts::CivilDay day = facts::civil(*date);
    return fmt::format("{} {} {}", day.day, months[day.month - 1], day.year);
}

}  // namespace euromesh::apps
