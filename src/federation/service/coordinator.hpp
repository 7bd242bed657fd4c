// The coordinator at work: the pure core with its log, its ledger and its clock.
//
// A command is decided by the core, its events are handed to the log, applied, and added to the Merkle tree;
// the answer goes out when they are durable. Answers and orders therefore never rest on an event that a crash
// could take back. When the log fails, the coordinator has failed for good: is_failed() tells the program to
// end, and the next one replays the log.
//
// Commands are decided in their order by one thread, so that whoever hands one in goes on at once: with a
// server's few threads each wait of one of them would be a wait of all its connections.
//
// It also does what only time brings about: placement rounds, claw-back, signed heads, snapshots. For that it
// has another thread. Nobody waits long for it: whoever reads waits only while events are applied, not
// while something is decided; a placement round is made smaller until it takes round_time at most, and is
// followed by a rest, so that commands get most of the time however many jobs wait.
//
// Thread rule: every function is safe from any thread. Answers come on the thread of the log, on the one that
// decides, or at once when too many commands wait; they must be quick and never wait. It does not: speak
// HTTP, know tokens, keep secrets but its signing key.
#pragma once

#include <atomic>
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
#include "federation/service/run_authority.hpp"
#include "federation/store/log_writer.hpp"

namespace euromesh::federation {

struct CoordinatorOptions {
    std::string holder = "coordinator";     // told to others who would lead the same store
    std::uint64_t snapshot_every = 50'000;  // events, or half as many as there are jobs and claims
    Nanoseconds head_every = std::chrono::seconds(1);
    Nanoseconds plan_every = std::chrono::seconds(2);  // without news; with news at once
    Nanoseconds round_time = std::chrono::milliseconds(30);
    int round_rest = 3;                 // times as long as the round
    std::size_t most_undecided = 4096;  // commands; above it one is refused as unavailable
    Nanoseconds expire_every = std::chrono::seconds(30);
    LogWriterOptions writer{};
};

// Jobs of the next placement round: fewer when this one took longer than it may, more when it took less than
// half of that. Never below round_least, so that a slow moment does not end placement.
inline constexpr std::int64_t round_least = 32, round_most = 500;
std::int64_t next_round_size(std::int64_t size, Nanoseconds took, Nanoseconds may);

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

    void execute(Command command, Answer answer);
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

    // A certificate of the run's own authority (run_authority.hpp).
    Result<Json> certify(const RunMember& member, const std::string& public_key) const {
        return certify_member(key_, member, public_key, now_ms());
    }

    bool is_failed() const { return writer_->failure().has_value(); }
    std::int64_t now_ms() const;

  private:
    Coordinator(SigningKey key, const Clock& clock, const Logger& logger, CoordinatorOptions options);
    Status replay(LogStore& store);
    void note_site_keys();
    bool may_sign() const;
    Status check_heads() const;
    void run_after_durable(std::function<void()> task);
    void decide_until(const std::stop_token& stop);
    void decide(const Command& command, Answer answer);
    Status hand_in(const Outcome& outcome, LogWriter::Done done);
    void work_until(const std::stop_token& stop);
    void take_turn();
    void plan();
    void expire();
    void sign_head();
    struct SnapshotKeeping {
        std::uint64_t at = 0, part = 0;
        TablesImage image;
        std::string tree;
        std::string bytes;
        Sha256Digest digest{};
        Nanoseconds held{};  // so long commands waited
    };
    bool is_snapshot_due() const;
    void take_snapshot();
    void write_snapshot(const std::shared_ptr<SnapshotKeeping>& keeping);
    void keep_snapshot(const std::shared_ptr<SnapshotKeeping>& keeping);
    void tell(const std::vector<Happening>& happened);

    SigningKey key_;
    const Clock& clock_;
    const Logger& logger_;
    CoordinatorOptions options_;

    // Held while a command is decided, so the core can be read by its holder. Taken before mutex_.
    std::mutex deciding_;
    mutable std::shared_mutex mutex_;  // whoever changes the core has both
    Core core_;
    MerkleTree tree_;
    struct SiteKey {
        std::string key;         // hexadecimal
        std::uint64_t from = 0;  // size of the first head that it may sign
    };
    std::map<std::string, SiteKey> site_keys_;
    std::size_t key_changes_ = 0;  // that site_keys_ has taken in
    std::deque<SignedHead> heads_;
    bool heads_changed_ = false;
    std::uint64_t snapshot_at_ = 0;
    std::atomic<bool> is_keeping_snapshot_{false};

    mutable std::mutex reading_mutex_;
    std::unique_ptr<LogStore> reading_;
    std::mutex listeners_mutex_;
    std::vector<Listener> listeners_;
    std::unique_ptr<LogWriter> writer_;

    struct Undecided {
        Command command;
        Answer answer;
    };
    std::mutex undecided_mutex_;
    std::condition_variable_any undecided_changed_;
    std::deque<Undecided> undecided_;

    std::mutex turn_mutex_;
    std::condition_variable_any turn_;
    bool has_news_ = false;
    std::int64_t planned_epoch_ = -1;
    std::int64_t round_size_ = round_most;
    Nanoseconds rested_{0};  // no round before
    Nanoseconds planned_{0}, expired_{0}, signed_{0};
    os::Thread thread_, decider_, snapshotter_;
};

}  // namespace euromesh::federation
