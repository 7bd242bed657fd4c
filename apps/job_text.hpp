// What people read of the coordinator's documents: lines and tables for a terminal.
//
// Pure functions from the API's JSON. A document with parts missing gives a shorter text, never a crash.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace euromesh::apps {

std::string job_line(const Json& job);  // "j17 running at jupiter  hello"
std::string job_text(const Json& job);
std::string jobs_text(const Json& list);

struct PrintedOutput {
    std::string out, error;
};
// corrupted: not such a document.
Result<PrintedOutput> output_of(const Json& output);

// The table of each decision, and whether its proof holds: checked here. corrupted: it does not.
Result<std::string> explanation_text(const Json& document);

std::string who_text(const Json& who);
std::string application_text(const Json& answer, const std::string& tier, std::int64_t milli_gpu_hours);
std::string applications_text(const Json& list, const Clock& clock);
std::string tiers_text(const Json& list);
std::string allocations_text(const Json& list);
std::string sites_text(const Json& list);

// "12.5": milli-GPU-hours as GPU-hours.
std::string gpu_hours(std::int64_t milli);

}  // namespace euromesh::apps
