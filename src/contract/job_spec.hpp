// What a person asks to be run: one executable, its resources and its limits, in the shape of PSI/J job
// specs.
//
// parse_job_spec() checks everything that can be checked without looking at the world; a JobSpec in hand is
// valid. The duration is mandatory: work without an end can neither be placed before a maintenance nor held
// against an allocation. Preferences only narrow where a job may go. Documents of a version that is not known
// are refused. What is not in here: who submits it (the token says so) and where it runs (placement says so).
//
// A job names a program of the site, or a template: what is then started is the site's own choice. The
// template `train` is one federated training run; its run file lies in `files`. Keys that came later are
// written only when they are used: the bytes, and so the digest, of older jobs stay what they were. Plain
// values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace euromesh::contract {

inline constexpr std::size_t job_spec_max_bytes = 256u << 10;
inline constexpr std::size_t job_files_most = 32;
inline constexpr std::size_t job_files_max_bytes = 128u << 10;  // together
inline constexpr std::string_view train_template = "train";
inline constexpr const char* run_file_name = "run.toml";  // of the template `train`, among the files

struct JobSpec {
    std::string name;
    std::string template_name;  // train; empty: `executable` is run
    std::string executable;     // empty with a template
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::string directory;   // at the site; empty: one made for the job
    std::string stdin_name;  // file names at the site; empty: none
    std::string stdout_name;
    std::string stderr_name;
    std::map<std::string, std::string> files;  // names without folders -> texts, put beside the job

    std::int64_t sites = 1;      // claims wanted, one a site
    std::int64_t quorum = 1;     // fewer sites are no start
    std::int64_t processes = 1;  // at each site
    std::int64_t gpus_per_process = 0;
    std::int64_t memory_mib = 0;      // of each GPU; 0: any
    std::int64_t exchange_bytes = 0;  // a federated run sends at most so much to each other site; 0: unsaid

    std::int64_t duration_ms = 0;
    std::string project;                   // empty: the only one that the account has
    std::string job_class = "production";  // emergency | service | production | development | scavenger
    std::string kind = "batch";            // batch | training | inference | federated-training
    std::map<std::string, std::int64_t>
        accelerators;  // wanted kinds and their rate for this job in thousandths
    bool exports_weights = false;
    std::string export_class = "none";  // of these weights: none, listed or unknown

    std::string image;                              // "sha256:<hex>", or empty
    std::vector<std::string> runtimes;              // container runtimes that can start the image; empty: any
    std::vector<std::string> data;                  // ids of registered data sets
    std::map<std::string, std::string> data_sites;  // of these, read at this site only; others: at all
    std::vector<std::string> preferred_sites;       // empty: any
    std::vector<std::string> preferred_countries;   // empty: any

    std::int64_t gpus_per_site() const { return processes * gpus_per_process; }
    // A job of several sites need not read all its data at each.
    bool reads_at(const std::string& data_set, const std::string& site) const {
        const auto found = data_sites.find(data_set);
        return found == data_sites.end() || found->second == site;
    }
    friend bool operator==(const JobSpec&, const JobSpec&) = default;
};

// bad_input: JSON pointer of the first thing that is wrong, and what would be right.
Result<JobSpec> read_job_spec(const Json& document);
Result<JobSpec> parse_job_spec(std::string_view text);

// All keys, always in the same order: the same spec is the same bytes.
Json to_json(const JobSpec& spec);
// A plain file name: 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with a dot.
bool is_file_name(std::string_view name);
// SHA-256 over the canonical text, in hexadecimal.
std::string digest_of(const JobSpec& spec);

}  // namespace euromesh::contract
