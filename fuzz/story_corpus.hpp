// Inputs for the targets contract_document, core and replay: a small federation's log, documents and words,
// by the core itself.
#pragma once

#include <functional>

#include "base/hash.hpp"
#include "federation/core/core.hpp"

namespace euromesh {

using AddInput = std::function<Status(const char* target, const std::string& name, const std::string& bytes)>;

inline contract::JobSpec story_spec() {
    contract::JobSpec spec;
    spec.name = "job";
    spec.executable = "/bin/true";
    spec.gpus_per_process = 4;
    spec.duration_ms = 3'600'000;
    spec.project = "p1";
    return spec;
}

inline Result<std::vector<std::string>> story_log(federation::Core& core) {
    using namespace federation;
    const Actor admin{"i|admin", "", {}, {}, ""}, alice{"i|alice", "", {"g"}, {}, ""};
    const Actor self{"coordinator", "", {}, {}, ""}, site{"", "", {}, {}, "fi"};
    Found found;
    found.federation.name = "o";
    found.federation.coordinator_key = std::string(64, 'a');
    found.federation.administrators = {"i|admin"};
    found.federation.governance.needed = found.federation.governance.needed_emergency = 0;
    found.federation.tiers = {{"small", "Small", 5'000'000, 4, 3, true}};
    found.federation.eu_countries = {"FI"};
    found.federation.rules = {{"a.rules",
                               "rule all \"All may\" source \"t\" permit apply, admit, place, submit, cancel "
                               "when context.mode == \"normal\";"}};
    EM_ASSIGN(const auto document,
              contract::parse_site_document(R"({"country":"FI","hosting":"ju","partitions":[{"id":"gpu",)"
                                            R"("accelerator":"a100","gpus":16,"gpus_per_node":4,)"
                                            R"("gpu_memory_mib":40960,"max_duration":"P1D"}]})"));
    ProjectRecord project;
    project.id = "p1", project.organisation = "U", project.country = "FI", project.groups = {"g"};
    project.managers = {"i|alice"};
    std::vector<std::string> log;
    std::int64_t now_ms = 1'763'733'600'000;
    const SiteReport quiet{"journal", -1, {}};
    for (const Command& command :
         std::initializer_list<Command>{{admin, found},
                                        {admin, AdmitSite{"fi", std::string(64, 'b'), "FI", "op", "ju", {}}},
                                        {site, DescribeSite{document}},
                                        {site, quiet},
                                        {alice, SetProject{project}},
                                        {alice, Apply{"p1", "small", "ju", 100'000, "why"}},
                                        {alice, Submit{story_spec(), "key", ""}},
                                        {self, Plan{}},
                                        {site, quiet}}) {
        EM_ASSIGN(const Outcome outcome, core.execute(command, now_ms += 1000));
        for (const Event& event : outcome.events) log.push_back(event.text);
    }
    return log;
}

inline Status add_story(const AddInput& add) {
    using namespace federation;
    Core core;
    EM_ASSIGN(const std::vector<std::string> log, story_log(core));
    std::string all;
    for (const std::string& line : log) {
        EM_ASSIGN(const Json json, parse_json(line));
        EM_TRY(add("core", json["type"].get<std::string>(), std::string(1, '\0') + line));
        all += line + "\n";
    }
    const SiteReport report{"journal", 3, {{"c1-0", "running", 5, 0, 0, 0, "words"}}};
    EM_TRY(add("core", "log", std::string(1, '\1') + all));
    EM_TRY(add("core", "report", std::string(1, '\2') + to_json(report).dump()));
    EM_TRY(add("core", "orders", std::string(1, '\2') + to_json(core.orders_for("fi", report)).dump()));
    EM_TRY(add("core", "snapshot", std::string(1, '\3') + core.snapshot()));
    EM_TRY(add("replay", "log", std::string(1, '\0') + all));
    EM_TRY(add("replay", "rules",
               std::string(1, '\2') + core.tables().federation().rules.front().text +
                   "rule b \"B\" source \"t\" forbid place, move when not site.eu or data has country and "
                   "data.country in [\"FI\"] unless site.labels within [];"));
    EM_TRY(add("contract_document", "job", contract::to_json(story_spec()).dump()));
    return add("contract_document", "site", contract::to_json(core.tables().site("fi")->document).dump());
}

}  // namespace euromesh
