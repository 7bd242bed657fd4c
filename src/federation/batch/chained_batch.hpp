// A batch system whose jobs may be longer than its allocations: a decorator over any other one.
//
// Why: what is above (the agent, the coordinator) knows claims; what is below knows allocations. A claim that
// resumes (JobStart::resumes) is run as a chain of links, one job of the inner system each (chain.hpp); all
// links have the same directory. Any other job goes through as it is, when one allocation is long enough.
//
// Safe to kill at any moment: what is planned is written down (temp, fsync, rename) before it is done, and
// the inner system takes a marker once; the next life reads its few files, asks list(), and goes on. list()
// is what drives it.
//
// Thread rule: one thread at a time; the inner system must be used by this object only, and outlive it. Its
// folder is used by one agent (the inner journal, or whoever opens it, makes sure of that). It does not:
// talk to a scheduler.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/os/file.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/batch/chain.hpp"

namespace euromesh::federation {

struct ChainOptions {
    // Of its journal and of the directories of claims that name none: on a file system that compute nodes
    // see.
    os::Path root;
    ChainPolicy policy{};
    std::map<std::string, std::int64_t> longest_ms{};  // by queue, in place of the policy's
};

class ChainedBatch final : public BatchSystem {
  public:
    // bad_input: the options; corrupted, refused: the journal.
    static Result<std::unique_ptr<ChainedBatch>> open(const ChainOptions& options, BatchSystem& inner,
                                                      const Clock& clock);

    // bad_input also: a marker with '~' or over 58 bytes; a job that does not resume and is longer than an
    // allocation.
    Result<BatchJob> submit(const JobStart& job) override;
    Result<std::vector<BatchJob>> list() override;
    Status cancel(const std::string& marker) override;
    // Of all links, one after another.
    Result<OutputPart> output(const std::string& marker, JobStream stream, std::uint64_t offset,
                              std::size_t most) override;
    // Also the claim's directory, if it is one of this object's own.
    Status forget(const std::string& marker) override;

  private:
    struct Claim {
        ChainRecord record{};
        ChainLinks links{};
        std::string trouble{};  // why the last step could not be taken; it is tried again
    };
    ChainedBatch(ChainOptions options, BatchSystem& inner, const Clock& clock)
        : options_(std::move(options)), inner_(inner), clock_(clock) {}

    Status read_journal();
    Status refresh();
    void take_in(const std::vector<BatchJob>& jobs);
    Status drive(Claim& claim);
    Status take(Claim& claim, const ChainStep& step);
    Status submit_last(Claim& claim);
    Status cancel_links(Claim& claim);
    Status write_end(Claim& claim);
    Status write(const ChainRecord& record);
    Status drop(const std::string& marker);
    Result<BatchJob> begin(const JobStart& job);
    BatchJob told(const Claim& claim) const;
    ChainPolicy policy_of(const ChainRecord& record) const;
    os::Path file_of(const std::string& marker) const {
        return options_.root / "chains" / (marker + ".json");
    }
    os::Path directory_of(const std::string& marker) const { return options_.root / "work" / marker; }
    std::int64_t now_ms() const;

    ChainOptions options_;
    BatchSystem& inner_;
    const Clock& clock_;
    std::map<std::string, Claim> claims_;
    std::uint64_t next_order_ = 0;
};

}  // namespace euromesh::federation
