// The two threads between a socket and a store: one puts what the socket gives as segments, the other gives
// the socket what the peer's segments say. Private to StoreWay.
//
// Thread rule: made, asked and destroyed by one thread. Invariants
// - The tether's two halves belong to one thread each; acknowledgements cross as two numbers.
// - A blob of the inbox is removed only when its bytes are in memory, or when it belongs to no live session.
// - It is over when the peer has begun anew, when both directions have ended, or when the store refuses.
// Requests of a segment: one put here; one get and one remove there; its share of the listings.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/os/socket.hpp"
#include "base/os/thread.hpp"
#include "sync/exchange/blob_store.hpp"
#include "sync/exchange/tether.hpp"
#include "sync/exchange/tether_greeting.hpp"
#include "sync/exchange/tether_wire.hpp"

namespace euromesh::sync {

struct StoreWayConfig {
    std::string run, self, peer;
    TetherLimits tether{256u << 20, 8u << 20, std::chrono::minutes(2)};
    // How long bytes are gathered into a segment that is not full; absent: the store's least patience.
    std::optional<Nanoseconds> linger{};
    // Consumed bytes are acknowledged after so long, or when they are a quarter of the window.
    Nanoseconds acknowledge_after = std::chrono::seconds(5);
    // A greeting that has had no answer is put again after so long, then after twice as long, up to a minute.
    Nanoseconds greet_again_after = std::chrono::seconds(5);
    // What is still to be put when the socket has been closed has so long.
    Nanoseconds close_limit = std::chrono::seconds(5);
};

struct StoreWayCounts {
    std::uint64_t segments_sent = 0, segments_received = 0, segments_resent = 0;
    std::uint64_t segments_corrupt = 0;  // whose digest was wrong; they are sent again
    std::uint64_t acknowledgements = 0;
};

// Of one session. Names and numbers that both threads need.
struct StorePaths {
    std::string outbox, inbox;  // "<run>/<from>/<to>"
};
StorePaths paths_of(const StoreWayConfig& config);
inline constexpr std::size_t store_way_listing = 1000;
inline constexpr Nanoseconds store_way_greeting_most = std::chrono::minutes(1);
// Whether asking again can't help: no right, or a request that the store does not understand.
bool store_refuses(Code code);

class StoreCarrier {
  public:
    // The greeting is agreed, and stays with its owner; only the receiving thread uses it until is_over().
    StoreCarrier(BlobStore& store, const StoreWayConfig& config, const Clock& clock, TetherGreeting& greeting,
                 os::Socket socket);
    StoreCarrier(const StoreCarrier&) = delete;
    StoreCarrier& operator=(const StoreCarrier&) = delete;
    // Waits for what is still to be put, when the socket has been closed and the store takes it.
    ~StoreCarrier();

    StoreWayCounts counts() const;
    // What ended it, when that was the store.
    std::optional<Error> failure() const;

  private:
    void send_all(const std::stop_token& stop);
    void read_some(TetherSender& sender, std::span<std::byte> room);
    bool gather(TetherSender& sender, std::span<std::byte> room);
    void put_segments(TetherSender& sender, const std::stop_token& stop);
    void put_end(std::uint64_t position, const std::stop_token& stop);
    bool put_segment(const SegmentView& segment, const std::stop_token& stop);
    bool put_patiently(const std::string& name, std::span<const std::byte> bytes,
                       const std::stop_token& stop);

    void receive_all(const std::stop_token& stop);
    Result<bool> look(const std::stop_token& stop);
    Status take(const Blob& blob, const TetherName& name, const std::stop_token& stop);
    Status take_segment(const Blob& blob, const TetherName& name, const std::stop_token& stop);
    Status hear(const Blob& blob, const TetherName& name, const std::stop_token& stop);
    void give();
    void acknowledge(const std::stop_token& stop);
    void greet_again(const std::stop_token& stop);
    void pause(Nanoseconds& interval);
    void give_up(Error error);

    BlobStore& store_;
    const StoreWayConfig& config_;
    const Clock& clock_;
    TetherGreeting& greeting_;
    const TetherHello sessions_;
    const StorePaths paths_;
    os::Socket socket_;

    Nanoseconds first_byte_{0}, last_byte_{0};  // of the sending thread: not put yet

    TetherReceiver receiver_;  // of the receiving thread, with what follows
    std::uint64_t told_ = 0;   // acknowledged to the peer
    Nanoseconds untold_since_{0};
    bool ask_again_ = false;        // what is acknowledged came once more: the acknowledgement was lost
    bool peer_has_agreed_ = false;  // something of this session has come
    Nanoseconds greeted_{0}, greet_interval_;
    bool reader_gone_ = false;  // nobody takes what arrives

    std::atomic<std::uint64_t> acknowledged_{0};  // by the peer
    std::atomic<bool> over_{false};
    std::atomic<bool> sent_all_{false}, sending_over_{false}, saw_end_{false};
    std::atomic<bool> busy_{false};  // something was put since the last look
    std::atomic<std::uint64_t> segments_sent_{0}, segments_received_{0}, segments_resent_{0};
    std::atomic<std::uint64_t> segments_corrupt_{0}, acknowledgements_{0};
    mutable std::mutex mutex_;
    std::optional<Error> failure_;  // under mutex_
    os::Thread sends_, receives_;   // last: they use all of it
};

}  // namespace euromesh::sync
