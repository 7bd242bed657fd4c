// Collects what the processes of a run tell (events, one JSON object each) into one record: report.json.
//
// Pure: events in, document out, so that a report can be rebuilt from the event files of any machine. An
// unknown event is kept out silently (a newer site may tell more); a malformed one is an error that names its
// source. Units: bytes and tokens are integers, times seconds, losses nats per byte. Unknown is null, never
// zero.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "contract/run_spec.hpp"

namespace euromesh::contract {

// Who told an event: a site of the federated run, a site's model trained alone, or the data-parallel
// baseline.
struct Teller {
    enum class Kind { federated, alone, data_parallel };
    Kind kind = Kind::federated;
    std::string site;  // empty for data_parallel
    auto operator<=>(const Teller&) const = default;
};

std::string name_of(const Teller& teller);

class RunRecord {
  public:
    explicit RunRecord(RunSpec spec) : spec_(std::move(spec)) {}

    // bad_input: the event is not of its form.
    Status add(const Teller& teller, const Json& event);

    // The document of web/README.md, without "samples", "manifests" and facts about the systems: the caller
    // adds them.
    Json document() const;

    // Total bytes written to sockets by all sites so far.
    std::int64_t bytes_sent() const;

  private:
    struct SiteTotals {
        std::int64_t tokens = 0, steps = 0, bytes_sent = 0, bytes_received = 0, text_bytes = 0;
        double compute_s = 0, wait_s = 0;
        double seconds = 0;  // of all its lives
    };
    using Losses = std::map<std::string, double>;  // by language

    Status add_round(const std::string& site, const Json& event);
    Status add_evaluation(const Teller& teller, const Json& event);
    Json sites() const;
    Json rounds() const;
    Json curves() const;
    Json results() const;
    Json bytes() const;
    Json verdict() const;
    Losses final_of(const Teller& teller) const;
    std::map<std::int64_t, Losses> points_of(const Teller& teller) const;

    RunSpec spec_;
    std::int64_t parameters_ = 0;
    double seconds_ = 0;
    std::map<std::string, SiteTotals> totals_;
    std::map<std::int64_t, Json> rounds_;
    std::map<Teller, std::map<std::int64_t, Losses>> evaluations_;  // by tokens of one site
    std::map<Teller, Losses> final_;
    std::vector<Json> notes_;
};

// Bytes that data parallelism sends for the same steps: a ring all-reduce of fp32 gradients in every step,
// payload only: each of M sites sends 2 (M - 1) / M x 4 P bytes a step (Patarasu and Yuan 2009).
std::int64_t data_parallel_bytes(std::int64_t parameters, std::int64_t sites, std::int64_t steps);

// (best single site - federated) / (best single site - data parallel): 1 when nothing is lost by federating.
double closed_fraction(double best_alone, double federated, double data_parallel);

}  // namespace euromesh::contract
