// What a preflight has found, as values: one Finding for each check, and how a list of them is told.
//
// Why apart: what is found comes from probes, what it means from judgements (site_check_judge.hpp); the
// table, the JSON and the exit status follow from this list alone. Plain values, no thread rule.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace euromesh::apps {

// ok: a run can rely on it; warning: it can run, worse or not for long; problem: it cannot; not_checked: says
// why, and how else it could be.
enum class Outcome { ok, warning, problem, not_checked };

struct Finding {
    std::string area;  // ways, rates, disk, clock, names, limits, devices, keys
    std::string name;
    Outcome outcome = Outcome::ok;
    std::string measured;
    std::string remedy;             // one line; empty when ok
    Code code = Code::unavailable;  // of a problem
};

Finding ok(std::string area, std::string name, std::string measured);
Finding warning(std::string area, std::string name, std::string measured, std::string remedy);
Finding problem(std::string area, std::string name, const Error& error, std::string remedy);
Finding not_checked(std::string area, std::string name, std::string why, std::string remedy);

std::string_view name_of(Outcome outcome);

// {"outcome":…,"problems":n,"warnings":n,"not_checked":n,"checks":[{area,name,outcome,measured,remedy}]}; a
// problem has its code as well.
Json findings_json(std::span<const Finding> findings);
// A table with a line for each, its remedy below it, and a line of totals.
std::string findings_text(std::span<const Finding> findings);
// Fails with the code of the first problem, and names it.
Status verdict(std::span<const Finding> findings);

// "0.35 ms", "1.2 s".
std::string time_text(Nanoseconds time);
// "12 MB", "3.4 GB": powers of ten.
std::string bytes_text(double bytes);

}  // namespace euromesh::apps
