// Where the parts of a run lie: the one place that knows the names inside RUN_FOLDER.
//
//   run.json             digest of the run file and the number of steps: a folder belongs to one run
//   pki/                 keys, when the run file names no other folder
//   sites/NAME/          checkpoints and manifests.jsonl of a site
//   solo/NAME/           checkpoints of what the run is compared with
//   events/NAME.jsonl    what each process told
//   logs/NAME.log        standard error of each process
//   report.json, report.html
#pragma once

#include <filesystem>
#include <string>

#include "base/json.hpp"
#include "contract/run_record.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::apps {

using std::filesystem::path;

path site_folder(const contract::RunSpec& spec, const std::string& site);
path manifest_file(const contract::RunSpec& spec, const std::string& site);
path solo_folder(const contract::RunSpec& spec, const std::string& name);
path event_file(const contract::RunSpec& spec, const std::string& name);
path log_file(const contract::RunSpec& spec, const std::string& name);

// File-name part for a teller: "jupiter", "alone-jupiter", "data-parallel".
std::string file_name_of(const contract::Teller& teller);

// All tellers of a run: its sites, each site alone, the baseline.
std::vector<contract::Teller> tellers_of(const contract::RunSpec& spec);

// Events of one teller; empty when it told nothing yet. bad_input names file and line.
Result<std::vector<Json>> read_events(const contract::RunSpec& spec, const contract::Teller& teller);

// True when the teller's file ends with "done".
bool has_finished(const contract::RunSpec& spec, const contract::Teller& teller);

// Claims the folder for this run. A folder of another run file is a conflict, unless `fresh`: then its
// events, checkpoints and reports are removed (keys stay). When it resumes, the number of steps of the first
// start counts.
Status claim_run_folder(contract::RunSpec& spec, const path& run_file, bool resume, bool fresh);

}  // namespace euromesh::apps
