// The coordinator at work: the pure core with its log, its ledger and its clock.
//
// A command is decided by the core, its events are handed to the log, applied, and added to the Merkle tree;
// the answer goes out when they are durable. Answers and orders therefore never rest on an event that a crash
// could take back. When the log fails, the coordinator has failed for good: is_failed() tells the program to
// end, and the next one replays the log.
//
// It also does what only time brings about: placement rounds, claw-back, signed heads, snapshots. For that it
// has a thread of its own.
//
// Thread rule: every function is safe from any thread. Answers come on the thread of the log, or at once when
// the core says no; they must be quick and never wait. It does not: speak HTTP, know tokens, keep secrets but
// its signing key.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/os/thread.hpp"
#include "base/signature.hpp"
#include "federation/core/core.hpp"
#include "federation/ledger/merkle_tree.hpp"
#include "federation/ledger/tree_head.hpp"
#include "federation/service/happening.hpp"
#include "federation/store/log_writer.hpp"

namespace euromesh::federation {

struct CoordinatorOptions {
    std::string holder = "coordinator";     // told to others who would lead the same store
    std::uint64_t snapshot_every = 50'000;  // events
    Nanoseconds head_every = std::chrono::seconds(1);
    Nanoseconds plan_every = std::chrono::seconds(2);  // without news; with news at once
    Nanoseconds expire_every = std::chrono::seconds(30);
    LogWriterOptions writer{};
};

class Coordinator {
  public:
    using Answer = std::function<void(Result<Json>)>;
    // Durable now. On the log's thread; quick.
    using Listener = std::function<void(const Happening&)>;

    // `writing` and `reading` are the same store. conflict: another coordinator leads; corrupted: the log
    // does not fit the rules of the core; refused: the log is of another coordinator's key.
    static Result<std::unique_ptr<Coordinator>> open(std::unique_ptr<LogStore> writing,
                                                     std::unique_ptr<LogStore> reading, SigningKey key,
                                                     const Clock& clock, const Logger& logger,
                                                     CoordinatorOptions options = {});
    ~Coordinator();
    Coordinator(const Coordinator&) = delete;
    Coordinator& operator=(const Coordinator&) = delete;

    void execute(const Command& command, Answer answer);
    // A site's report, answered with its orders.
    void report(const Actor& site, const SiteReport& report, std::function<void(Result<Orders>)> answer);
    void on_event(Listener listener);  // before the first command

    // Nothing changes meanwhile. What it gives may rest on events that are not durable yet.
    template <class Reader>
    auto read(Reader reader) const {
        const std::shared_lock lock(mutex_);
        return reader(static_cast<const Core&>(core_));
    }

    // Entries of the log as they are hashed, oldest first.
    Result<std::vector<std::string>> entries(std::uint64_t first, std::size_t most) const;
    std::uint64_t durable() const { return writer_->durable(); }
    Result<Proof> inclusion_proof(std::uint64_t index, std::uint64_t size) const;
    Result<Proof> consistency_proof(std::uint64_t old_size, std::uint64_t new_size) const;

    // The newest head, and earlier ones with what sites have countersigned since; the newest last.
    std::vector<SignedHead> heads() const;
    // not_found: no such head, or too old; refused: the signature, or a site without a key.
    Status countersign(std::uint64_t size, Countersignature countersignature);

    bool is_failed() const { return writer_->failure().has_value(); }
    std::int64_t now_ms() const;

  private:
    Coordinator(SigningKey key, const Clock& clock, const Logger& logger, CoordinatorOptions options);
    Status replay(LogStore& store);
    void note_admissions();
    Status check_heads() const;
    void run_after_durable(std::function<void()> task);
    Status hand_in(const Outcome& outcome, LogWriter::Done done);
    void work_until(const std::stop_token& stop);
    void take_turn();
    void plan();
    void expire();
    void sign_head();
    void take_snapshot();
    void tell(const std::vector<Happening>& happened);

    SigningKey key_;
    const Clock& clock_;
    const Logger& logger_;
    CoordinatorOptions options_;

    mutable std::shared_mutex mutex_;
    Core core_;
    MerkleTree tree_;
    std::map<std::string, std::uint64_t>
        admitted_;  // sites, by the size of the first head that they may sign
    std::deque<SignedHead> heads_;
    bool heads_changed_ = false;
    std::uint64_t snapshot_at_ = 0;

    mutable std::mutex reading_mutex_;
    std::unique_ptr<LogStore> reading_;
    std::mutex listeners_mutex_;
    std::vector<Listener> listeners_;
    std::unique_ptr<LogWriter> writer_;

    std::mutex turn_mutex_;
    std::condition_variable_any turn_;
    bool has_news_ = false;
    std::int64_t planned_epoch_ = -1;
    Nanoseconds planned_{0}, expired_{0}, signed_{0};
    os::Thread thread_;
};

}  // namespace euromesh::federation
