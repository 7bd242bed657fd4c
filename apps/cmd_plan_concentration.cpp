#include <algorithm>
#include <cstdio>
#include <memory>

#include "apps/plan_commands.hpp"
#include "apps/plan_concentration_text.hpp"
#include "apps/plan_question.hpp"
#include "apps/teller.hpp"

namespace euromesh::apps {
namespace {

struct ConcentrationArguments {
    std::string share = "0.1";
    std::vector<std::string> status = {"operational"};
    std::string countries = "eurohpc";
    std::string data;
    bool json = false;
};

Result<std::vector<facts::SystemStatus>> statuses_of(const std::vector<std::string>& names) {
    using facts::SystemStatus;
    constexpr SystemStatus all[] = {SystemStatus::operational, SystemStatus::installing,
                                    SystemStatus::contracted,  SystemStatus::tender,
                                    SystemStatus::selected,    SystemStatus::planned};
    std::vector<SystemStatus> statuses;
    for (const std::string& name : names) {
        const auto* at = std::find_if(std::begin(all), std::end(all),
                                      [&](SystemStatus status) { return facts::name_of(status) == name; });
        if (at == std::end(all))
            return fail(Code::bad_input,
                        "--status '{}': use operational, installing, contracted, tender, selected or planned",
                        name.substr(0, 40));
        statuses.push_back(*at);
    }
    return statuses;
}

planner::CountrySet set_of(const std::string& name) {
    const auto& names = planner::country_set_names();
    return static_cast<planner::CountrySet>(std::find(names.begin(), names.end(), name) - names.begin());
}

Result<ConcentrationAnswer> answer_to(const ConcentrationArguments& arguments) {
    EM_ASSIGN(const double share, share_of(arguments.share));
    EM_ASSIGN(const std::vector<facts::SystemStatus> statuses, statuses_of(arguments.status));
    EM_ASSIGN(const facts::FactFiles files,
              facts::FactFiles::choose(arguments.data.empty()
                                           ? std::nullopt
                                           : std::optional<std::filesystem::path>(arguments.data)));
    ConcentrationAnswer answer;
    EM_ASSIGN(answer.facts, facts::load_facts(files));
    EM_ASSIGN(answer.counted, planner::compute_of(answer.facts, set_of(arguments.countries), statuses));
    EM_ASSIGN(answer.today, planner::concentration_of(answer.counted.countries));
    EM_ASSIGN(answer.together,
              planner::concentration_of(planner::federated(answer.counted.countries, share)));
    answer.share = share;
    answer.set = arguments.countries;
    answer.statuses = arguments.status;
    return answer;
}

Status concentration(const ConcentrationArguments& arguments) {
    EM_ASSIGN(const ConcentrationAnswer answer, answer_to(arguments));
    if (arguments.json)
        print_json(to_json(answer));
    else
        std::fputs(in_words(answer).c_str(), stdout);
    return {};
}

}  // namespace

void add_plan_concentration(CLI::App& plan, Context& context) {
    const auto arguments = std::make_shared<ConcentrationArguments>();
    CLI::App* command = plan.add_subcommand(
        "concentration", "how unevenly compute lies over countries and people, today and with a federation");
    command->add_option("--share", arguments->share,
                        "part of every machine that all may use by heads (default 0.1)");
    command
        ->add_option("--status", arguments->status, "statuses that count, with commas (default operational)")
        ->delimiter(',');
    const auto& names = planner::country_set_names();
    command
        ->add_option("--countries", arguments->countries,
                     "eurohpc: the joint undertaking's states (default); eu27: the Union's members")
        ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())));
    command->add_option("--data", arguments->data,
                        "a folder in place of the facts that travel in the program");
    command->add_flag("--json", arguments->json, "tell the result as JSON");
    command->footer(
        "Example: euromesh plan concentration --share 0.25 --status operational,installing,contracted");
    command->callback(
        [arguments, &context] { context.chosen = [arguments] { return concentration(*arguments); }; });
}

}  // namespace euromesh::apps
