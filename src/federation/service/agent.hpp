// The agent at a centre: dials out, says what is there and what became of the claims, and does what it is
// told.
//
// A turn: ask the batch system, report, carry out the orders, note what was carried out. Everything may be
// repeated: a claim's id is the job's marker at the site, so an order that comes twice starts nothing twice,
// and a turn that was cut anywhere by kill -9 or a lost line is simply taken again. Orders older than the
// newest that were carried out are ignored.
//
// It also countersigns the coordinator's heads after it has made sure that the ledger only grew
// (witness.hpp), and keeps what it has seen before it signs.
//
// In its folder: journal.json (who it is to the coordinator, orders seen, claims refused, claims of runs),
// witness.json, images.json (image_store.hpp), output/ (of jobs that the batch system has been told to
// forget), runs/ (agent_runs.hpp), diary.json (run_diary.hpp).
// Thread rule: one thread. It does not: run jobs (batch_system.hpp), decide, listen.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/os/file.hpp"
#include "base/signature.hpp"
#include "contract/site_document.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/batch/containers.hpp"
#include "federation/core/commands.hpp"
#include "federation/identity/site_assertion.hpp"
#include "federation/ledger/witness.hpp"
#include "federation/service/agent_runs.hpp"
#include "federation/service/run_diary.hpp"

namespace euromesh::federation {

// One call of the coordinator: path, body and, empty for none, the bearer; its answer.
using CoordinatorCall =
    std::function<Result<Json>(const std::string& path, const Json& body, const std::string& bearer)>;

struct AgentConfig {
    SiteId site;
    std::string origin;       // name of the federation
    std::string coordinator;  // its URL: the audience of assertions
    PublicKey coordinator_key{};
    os::Path folder;
    contract::SiteDocument document;
    // The site's key as it is now, after a refusal: it may have been replaced. Empty: it never is.
    std::function<Result<SigningKey>()> read_key{};
    std::map<std::string, std::string> environment{};  // added to that of every job
    std::map<std::string, std::string>
        queues{};  // of the site's scheduler, by partition; none: its usual one
    TrainSite train{};
    ContainerSite containers{};
};

class Agent {
  public:
    // Reads what an earlier life has left. corrupted: its files.
    static Result<Agent> open(AgentConfig config, SigningKey key, BatchSystem& batch, CoordinatorCall call,
                              const Clock& clock, const Logger& logger);

    // unavailable: the coordinator is away; the turn is to be taken again. conflict: the coordinator shows
    // another ledger than before, which is evidence: the agent must stop.
    Status turn();

    // What came of the last turn, for a status line.
    std::size_t open_claims() const { return open_claims_; }

  private:
    Agent(AgentConfig config, SigningKey key, BatchSystem& batch, CoordinatorCall call, const Clock& clock,
          const Logger& logger);
    Status read_files();
    Status keep_journal();
    std::int64_t now_ms() const;

    Result<Json> call(const std::string& path, const Json& body);
    Status introduce();
    bool has_new_key();
    Status follow_rotations(const SignedHead& head, const Json& answer);
    Result<SiteReport> make_report();
    Result<std::vector<BatchJob>> ask_batch();
    Result<Json> report(const Json& body);
    Status carry_out(const Orders& orders);
    Status start(const StartOrder& order);
    Result<JobStart> job_for(const StartOrder& order);
    Status write_peers(const Json& answer);
    std::string run_of(const std::string& claim) const;
    Status forget(const std::string& claim);
    Status keep_output(const std::string& claim, JobStream stream);
    os::Path output_file(const std::string& claim, JobStream stream) const;
    Status witness_head(const Json& answer);
    Status send_outputs(const Json& answer);
    Result<Json> output_of(const std::string& claim, JobStream stream);

    AgentConfig config_;
    SigningKey key_;
    BatchSystem* batch_;
    CoordinatorCall call_;
    const Clock* clock_;
    const Logger* logger_;
    TokenKey token_key_;

    std::string journal_;
    std::int64_t orders_seen_ = -1;
    // Claims that never became jobs here, with the words that the coordinator is told.
    std::map<std::string, std::string> refused_, cancelled_;
    AgentRuns runs_;
    RunDiary diary_;
    Containers containers_;
    std::map<std::string, std::string> run_claims_;  // of federated runs: claim -> job
    bool is_introduced_ = false;
    bool is_described_ = false;
    WitnessMemory memory_;
    Json countersignature_ = nullptr;
    std::size_t open_claims_ = 0;
};

}  // namespace euromesh::federation
