// A small federation whose whole log is at hand, to be exported well signed: as it is, or with one entry
// forged.
#pragma once

#include <doctest/doctest.h>

#include <functional>

#include "apps/verify/verify.hpp"
#include "base/hash.hpp"
#include "federation/core/core.hpp"
#include "federation/core/law.hpp"
#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::verify {

namespace fed = euromesh::federation;

inline const char* const story_rules =
    "rule all-apply\n  \"Everybody may\"\n  source \"test\"\npermit apply, place, exchange;\n"
    "rule board-admits\n  \"The board\"\n  source \"test\"\npermit admit when \"board\" in person.roles;\n"
    "rule reviewers\n  \"Reviewers\"\n  source \"test\"\npermit review when \"reviewer\" in person.roles;\n"
    "rule members\n  \"Members work\"\n  source \"test\"\npermit submit, cancel\n"
    "when person.groups overlaps project.groups;\n"
    "rule open-data\n  \"Open\"\n  source \"test\"\npermit move when data.residency == \"none\";\n"
    "rule eu-only\n  \"EU data stays\"\n  source \"test\"\nforbid place, move\n"
    "when data.residency == \"eu\" and not site.eu;\n"
    "rule urgent\n  \"Services first\"\n  source \"test\"\npermit preempt when incoming.class == \"service\" "
    "and workload.class == \"scavenger\";\n"
    "rule small-only\n  \"Not too much\"\n  source \"test\"\nforbid apply when "
    "project.asked_milli_gpu_hours > 4000000;\n";
inline const char* const story_site_rules =
    "rule no-inference\n  \"Not here\"\n  source \"test\"\nforbid place when workload.kind == "
    "\"inference\";\n";

// Sites fi, it and ch with keys 10 to 12; board keys 2 and 3; project p1 of alice, with one allocation.
struct Story {
    fed::Core core;
    std::vector<std::string> log;
    std::int64_t now_ms = 1'763'733'600'000;
    fed::Actor admin{"https://issuer|admin", "Admin", {}, {}, ""};
    fed::Actor reviewer{"https://issuer|rita", "Rita", {}, {}, ""};
    fed::Actor alice{"https://issuer|alice", "Alice", {"climate"}, {}, ""};
    fed::Actor coordinator{"coordinator", "", {}, {}, ""};

    explicit Story(std::int64_t granted = 1'000'000) {
        fed::Found found;
        found.federation.name = "test";
        found.federation.coordinator_key = hex(1);
        found.federation.administrators = {admin.account};
        found.federation.reviewers = {reviewer.account};
        found.federation.governance.pathway = "members";
        found.federation.governance.keys = {{"one", hex(2)}, {"two", hex(3)}};
        found.federation.governance.needed = 1;
        found.federation.governance.needed_emergency = 2;
        found.federation.tiers = {{"small", "Small", 5'000'000, 4, 3, true},
                                  {"large", "Large", 0, 14, 12, false}};
        found.federation.eu_countries = {"FI", "IT"};
        found.federation.rules = {{"test.rules", story_rules}};
        must(admin, found);
        add_site("fi", "FI", 10, "");
        add_site("it", "IT", 11, "");
        add_site("ch", "CH", 12, story_site_rules);
        fed::ProjectRecord project;
        project.id = "p1";
        project.organisation = "University";
        project.country = "FI";
        project.groups = {"climate"};
        project.managers = {alice.account};
        must(alice, fed::SetProject{project});
        for (const auto& [id, residency, site] : {std::tuple{"open", "none", "it"}, {"bound", "eu", "fi"}}) {
            fed::DataRecord data;
            data.id = id;
            data.project = "p1";
            data.residency = residency;
            data.site = site;
            data.bytes = 1'000'000;
            must(alice, fed::RegisterData{data});
        }
        if (granted > 0) must(admin, fed::Grant{"p1", "small", "ju", "", granted, 0, 0});
    }

    static std::string hex(std::uint8_t number) { return to_hex(fed::test_key(number).public_key()); }
    static fed::Actor agent(const std::string& site) { return {"", "", {}, {}, site}; }

    void add_site(const std::string& id, const std::string& country, std::uint8_t key,
                  const std::string& rules) {
        must(admin, fed::AdmitSite{id, hex(key), country, "op", "ju", {}});
        auto document = contract::parse_site_document(
            R"({"country":")" + country + R"(","hosting":"ju","operator":"op","grid_grams_per_kwh":100,
            "partitions":[{"id":"gpu","accelerator":"a100","gpus":16,"gpus_per_node":4,
            "gpu_memory_mib":40960,"max_duration":"P1D","watts_per_gpu":400,"wait_median_ms":1000,
            "wait_p90_ms":5000,"runtimes":["apptainer"]}]})");
        REQUIRE(document);
        document->rules = rules;
        must(agent(id), fed::DescribeSite{*document});
        must(agent(id), fed::SiteReport{id + "-journal", -1, {}});
    }

    static contract::JobSpec spec(std::int64_t gpus = 4, std::int64_t seconds = 3600) {
        contract::JobSpec spec;
        spec.name = "job";
        spec.executable = "/bin/true";
        spec.gpus_per_process = gpus;
        spec.duration_ms = seconds * 1000;
        spec.project = "p1";
        return spec;
    }

    fed::Outcome must(const fed::Actor& actor, fed::Ask ask) {
        now_ms += 1000;
        auto outcome = core.execute({actor, std::move(ask)}, now_ms);
        REQUIRE_MESSAGE(outcome, (outcome ? "" : outcome.error().message));
        for (const fed::Event& event : outcome->events) log.push_back(event.text);
        return *outcome;
    }
    std::string submit(const contract::JobSpec& spec) {
        return must(alice, fed::Submit{spec, "", ""}).answer["job"].get<std::string>();
    }
    void plan() { must(coordinator, fed::Plan{}); }
    const fed::ClaimRecord& claim(const std::string& job) const {
        return *core.tables().claim(core.tables().job(job)->claims.back());
    }
    void report(const std::string& site, std::vector<fed::ClaimReport> claims) {
        must(agent(site), fed::SiteReport{site + "-journal", -1, std::move(claims)});
    }
    // Handed in, placed and handed out.
    std::string placed(const contract::JobSpec& spec) {
        const std::string id = submit(spec);
        plan();
        REQUIRE(!core.tables().job(id)->claims.empty());
        for (const std::string& one : core.tables().job(id)->claims)
            report(core.tables().claim(one)->site, {});
        return id;
    }
    fed::ClaimReport told(const std::string& job, const std::string& state, std::int64_t ran_ms = 0) const {
        fed::ClaimReport made;
        made.claim = claim(job).id;
        made.state = state;
        made.started_ms = now_ms;
        made.ended_ms = state == "ended" ? now_ms + ran_ms : 0;
        return made;
    }
    // Placed, run for so long and ended well.
    std::string ended(const contract::JobSpec& spec, std::int64_t ran_ms) {
        const std::string id = placed(spec);
        const std::string site = claim(id).site;
        report(site, {told(id, "accepted")});
        report(site, {told(id, "running")});
        report(site, {told(id, "ended", ran_ms)});
        return id;
    }

    // Place of the n-th entry of a type, from 0.
    std::size_t at(const std::string& type, std::size_t n = 0) const {
        for (std::size_t i = 0; i < log.size(); ++i) {
            if (log[i].find("\"type\":\"" + type + "\"") == std::string::npos) continue;
            if (n-- == 0) return i;
        }
        FAIL("no such entry: " << type);
        return 0;
    }
};

using Edit = std::function<void(Json&)>;  // of a whole entry

inline std::string signed_export(const std::vector<std::string>& entries) {
    fed::MerkleTree tree;
    std::string text;
    fed::LedgerExporter exporter("test", [&](std::string_view piece) { return text += piece, Status{}; });
    for (const std::string& entry : entries) {
        tree.append_entry(entry);
        REQUIRE(exporter.entry(entry));
    }
    REQUIRE(exporter.head(
        fed::sign_head({"test", tree.size(), tree.root(), 1'863'733'600'000}, fed::test_key(1))));
    REQUIRE(exporter.end());
    return text;
}

inline std::string difference_of(const std::vector<std::string>& entries) {
    const std::string text = signed_export(entries);
    const auto findings =
        verify({[&text, at = std::size_t{0}](std::span<char> out) mutable -> Result<std::size_t> {
            const std::size_t count = std::min(out.size(), text.size() - at);
            std::copy_n(text.data() + at, count, out.begin());
            at += count;
            return count;
        }});
    REQUIRE(findings);
    return findings->first ? findings->first->what : "";
}

// What the verifier says to a ledger in which one entry is another and everything is well signed.
inline std::string forged(const Story& story, std::size_t at, const Edit& edit) {
    std::vector<std::string> entries = story.log;
    Json entry = parse_json(entries[at]).value();
    edit(entry);
    entries[at] = entry.dump();
    REQUIRE(entries[at] != story.log[at]);
    const std::string said = difference_of(entries);
    const std::string place = fmt::format("entry {}: ", at);
    return said.starts_with(place) ? said.substr(place.size()) : "[elsewhere] " + said;
}

}  // namespace euromesh::verify
