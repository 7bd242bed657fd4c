// The report of a run: report.json and one HTML file that opens without a network.
#pragma once

#include <filesystem>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "contract/run_record.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

// Everything that all processes of the run told, as far as their event files are there.
Result<contract::RunRecord> collect_record(const contract::RunSpec& spec);

// Record, facts about the systems, samples of text from the newest checkpoint, the head of the manifests.
Result<Json> complete_report(const contract::RunSpec& spec, const contract::RunRecord& record,
                             const Clock& clock);

// Writes both files and returns the path of the HTML.
Result<std::filesystem::path> write_report(const contract::RunSpec& spec, const Json& report);

// The page template with the document in it; `<` is escaped, so that no text can end the script element.
Result<std::string> render_report(std::string_view page, const Json& report);

// The table of results, as text for a terminal.
std::string results_in_words(const Json& report);

}  // namespace euromesh::apps
