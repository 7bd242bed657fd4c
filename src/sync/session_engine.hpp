// The thread of a session: it runs the conductor over a mesh while the trainer computes.
//
// Why apart from session.hpp: everything that belongs to this thread is a member of SessionEngine, everything
// that two threads touch is a member of Mailbox. The engine does what the conductor says and decides nothing.
//
// Thread rule: SessionEngine belongs to the thread that calls run(), and is made before that thread starts.
// A Mailbox may be used by all, each field under `mutex`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sync/codec_feedback.hpp"
#include "sync/conductor.hpp"
#include "sync/exchange/gather.hpp"
#include "sync/exchange/reduce.hpp"
#include "sync/fragment.hpp"
#include "sync/manifest_file.hpp"
#include "sync/result_transfer.hpp"
#include "sync/session.hpp"
#include "sync/state_transfer.hpp"

namespace euromesh::sync {

// What a site gives to the next round of a fragment.
struct Contribution {
    std::uint64_t epoch = 0;  // one from before a state was taken from a peer is void
    std::uint64_t fragment = 0;
    Ready ready;
    std::vector<float> gradient;    // of the fragment's values
    std::vector<std::byte> sparse;  // encoded with error feedback, where the codec needs it
};

struct CommittedRound {
    Manifest manifest;
    double reduce_seconds = 0;
    std::uint64_t payload_bytes = 0;
    OuterDiagnostics outer;
    double cosine_to_mean = 0;
};

struct Mailbox {
    std::mutex mutex;
    std::condition_variable changed;  // also now and then, so that a waiter can look at the clock

    // From the trainer.
    std::optional<Contribution> contribution;
    bool leave = false;
    bool stop = false;
    bool cancelled = false;
    bool hurry = false;  // the trainer waits for no round any more

    // From the engine.
    std::uint64_t serial = 0;             // rises with every new outer state
    std::uint64_t epoch = 0;              // rises with every state that was taken from a peer
    std::vector<bool> pending;            // by fragment: something waits for its round
    std::vector<bool> counted;            // by fragment: what was given last, in a manifest
    std::vector<std::uint64_t> versions;  // by fragment: `serial` of its last change
    Tally tally;
    std::atomic<bool> due = false;  // needs no mutex
    SharedState state;
    Position position;
    Role role = Role::starting;
    std::vector<SiteId> members;
    std::vector<Rank> seen;                   // sites with a connection
    std::optional<CommittedRound> committed;  // how `state` came to be; none: it was taken from a peer
    std::vector<SessionEvent> events;
    std::optional<Error> refused;      // why the last refused connection was
    bool is_refused_for_good = false;  // by a site of this run, and waiting will not change it
    std::optional<Error> failure;      // the session has ended
    bool left = false;
    Traffic traffic;
};

class SessionEngine {
  public:
    SessionEngine(SessionConfig config, const Codec& codec, std::unique_ptr<Mesh> mesh, ManifestFile file,
                  OuterState initial, Position position, Mailbox& box, const Clock& clock,
                  const Logger& logger);

    // Until told to stop, or left, or failed.
    void run();

  private:
    struct Candidate {
        SharedState state;
        std::vector<float> mean;
        SharedBytes result;
        double reduce_seconds = 0;
    };

    void take_orders();
    void check_reduction();
    void pump_states();
    void publish();
    bool is_flushed() const;

    void on(const PeerUp& event);
    void on(const PeerDown& event);
    void on(const PeerRefused& event);
    void on(const PeerMessage& event);
    void on_state(const PeerMessage& message);
    void on_state_header(const PeerMessage& message);
    void on_result_header(const PeerMessage& message);
    void on_result(const PeerMessage& message);

    void perform(const Actions& actions);
    void act(const Send& send);
    void act(const StartReduce& start);
    void act(const AbortReduce& abort);
    void act(const Adopt& adopt);
    void act(const SendState& send);
    void act(const SendResult& send);
    void act(const AdoptState& adopt);
    void act(const Note& note);
    void act(const Left& left);

    std::uint64_t fragment_of(std::uint64_t round) const { return round % fragments_.size(); }
    void give(Contribution given);
    void settle(std::uint64_t fragment, bool counted);
    void settle_dropped();
    bool is_sparse() const { return !feedbacks_.empty(); }
    Status start_reduction(const ReduceKey& key, const Plan& plan, const Contribution& own);
    std::size_t result_bytes(const Manifest& manifest) const;
    Status decode_result(const Manifest& manifest, std::span<const std::byte> bytes);
    std::string make_candidate(std::uint64_t round, std::vector<std::byte> result);
    void follow(IncomingResult result);
    void keep_result(std::uint64_t round);
    void describe(const Manifest& manifest);
    void new_state(SharedState state);
    template <class Outgoing>
    void pump_all(std::map<Rank, Outgoing>& outgoing);
    template <class Outgoing>
    bool pump(Rank peer, Outgoing& outgoing);
    void end_with(Error error);
    void add_note(std::string kind, std::string site, std::string text);
    std::string name(Rank rank) const { return config_.sites[rank].site.text(); }

    SessionConfig config_;
    const Codec& codec_;
    std::unique_ptr<Mesh> mesh_;
    ManifestFile file_;
    Mailbox& box_;
    const Clock& clock_;
    const Logger& logger_;
    Conductor conductor_;
    AllReduce reduce_;
    AllGather gather_;
    Reduction& reduction_;                  // the one of the two that the codec takes
    std::vector<ErrorFeedback> feedbacks_;  // by fragment; none: the codec needs none
    std::vector<Fragment> fragments_;
    Json settings_;
    Nanoseconds opened_;

    std::uint64_t serial_ = 1;
    std::uint64_t epoch_ = 1;
    std::vector<std::uint64_t> versions_;  // by fragment
    Tally tally_;
    SharedState state_;
    std::vector<std::optional<Contribution>> contributions_;  // by fragment
    std::vector<bool> counted_;                               // by fragment: the last one given
    std::optional<Plan> reducing_;
    std::optional<Error> reduce_error_;  // it did not even start
    Nanoseconds reduce_began_{0};
    std::vector<float> mean_;
    Candidate candidate_;
    std::vector<std::vector<float>> previous_means_;  // by fragment
    std::map<std::uint64_t, SharedBytes> results_;    // by round, the last few
    std::optional<CommittedRound> committed_;

    std::map<Rank, OutgoingState> outgoing_;
    std::map<Rank, IncomingState> incoming_;
    std::optional<IncomingState> arrived_;
    std::map<Rank, OutgoingResult> outgoing_results_;
    std::optional<std::pair<Rank, IncomingResult>> incoming_result_;
    std::vector<SessionEvent> events_;
    std::optional<Error> refused_;
    bool refused_for_good_ = false;
    std::optional<Error> failure_;
    std::optional<Nanoseconds> left_at_;
    Nanoseconds ticked_{0};
    bool stopped_ = false;
};

}  // namespace euromesh::sync
