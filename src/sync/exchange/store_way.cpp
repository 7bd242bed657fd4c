#include "sync/exchange/store_way.hpp"

#include <algorithm>

#include "base/os/entropy.hpp"

namespace euromesh::sync {
namespace {

constexpr Nanoseconds slice = std::chrono::milliseconds(50);
constexpr std::size_t listed = 100'000;

std::uint64_t new_session() {
    std::uint64_t number = 0;
    while (number == 0) os::fill_random(std::as_writable_bytes(std::span(&number, 1)));
    return number;
}

std::optional<TetherName> name_in(const std::string& folder, const Blob& blob) {
    return decode_tether_name(std::string_view(blob.name).substr(folder.size() + 1));
}

std::string hello_name(const TetherGreeting& greeting) {
    TetherName hello;
    hello.sessions = greeting.hello();
    return encode(hello);
}

StoreWayCounts operator+(const StoreWayCounts& a, const StoreWayCounts& b) {
    return {a.segments_sent + b.segments_sent, a.segments_received + b.segments_received,
            a.segments_resent + b.segments_resent, a.segments_corrupt + b.segments_corrupt,
            a.acknowledgements + b.acknowledgements};
}

}  // namespace

StoreWay::StoreWay(std::shared_ptr<BlobStore> store, StoreWayConfig config, const Clock& clock)
    : store_(std::move(store)), config_(std::move(config)), clock_(clock), paths_(paths_of(config_)) {}

StoreWay::~StoreWay() = default;

std::string StoreWay::text() const {
    return store_->text();
}

StoreWayCounts StoreWay::counts() const {
    const std::lock_guard lock(mutex_);
    return carrier_ ? past_ + carrier_->counts() : past_;
}

void StoreWay::end_carrier() {
    std::unique_lock lock(mutex_);
    if (!carrier_) return;
    std::unique_ptr<StoreCarrier> last = std::move(carrier_);
    past_ = past_ + last->counts();
    lock.unlock();
    last.reset();
}

Status StoreWay::tell() {
    const std::string name = hello_name(greeting_);
    EM_TRY(store_->put(paths_.outbox + "/" + name, {}, {}));
    const std::string old = std::exchange(told_, name);
    if (!old.empty() && old != name) EM_TRY(store_->remove(paths_.outbox + "/" + old, {}));
    return {};
}

// Greetings of processes that are over would only mislead.
Status StoreWay::begin(const std::stop_token& stop) {
    greeting_.begin(new_session());
    store_->sweep(paths_.outbox);
    store_->sweep(paths_.inbox);
    EM_ASSIGN(const auto blobs, store_->list(paths_.outbox, store_way_listing, stop));
    for (const Blob& blob : blobs) {
        const auto name = name_in(paths_.outbox, blob);
        if (name && name->kind == TetherKind::hello) EM_TRY(store_->remove(blob.name, stop));
    }
    told_.clear();
    return tell();
}

// The peer's greeting names this session, and the peer can know that.
bool StoreWay::is_settled() const {
    return greeting_.is_agreed() && told_ == hello_name(greeting_);
}

// Hears greetings, and removes what was meant for an earlier session of ours. A segment for this one tells as
// much as the greeting before it, which may have been lost.
Status StoreWay::look(const std::stop_token& stop) {
    EM_ASSIGN(const auto blobs, store_->list(paths_.inbox, store_way_listing, stop));
    bool again = false;
    for (const Blob& blob : blobs) {
        const auto name = name_in(paths_.inbox, blob);
        if (!name) continue;
        const bool hello = name->kind == TetherKind::hello;
        const bool ours = name->sessions.theirs == greeting_.hello().mine;
        const bool known = name->sessions.mine == greeting_.hello().theirs;
        const bool speaks = name->kind == TetherKind::segment && ours && known;
        if (hello || speaks) again = greeting_.hear(name->sessions) == Heard::tell || again;
        if (hello || !ours) EM_TRY(store_->remove(blob.name, stop));
    }
    return again ? tell() : Status();
}

void StoreWay::pause(Nanoseconds interval, const std::stop_token& stop) {
    for (Nanoseconds waited{0}; waited < interval && !stop.stop_requested(); waited += slice) {
        if (store_->wait(paths_.inbox, std::min(interval - waited, slice))) return;
    }
}

Status StoreWay::listen(const std::stop_token& stop) {
    const BlobStore::Patience patience = store_->patience();
    Nanoseconds interval = patience.least, repeat = config_.greet_again_after;
    Nanoseconds told = clock_.monotonic();
    for (;;) {
        const TetherHello before = greeting_.hello();
        Status looked = look(stop);
        if (looked && !is_settled() && greeting_.is_agreed()) looked = tell();
        if (stop.stop_requested()) return fail(Code::cancelled, "{}: stopped", text());
        // A new session for each failure would undo what the peer has agreed to.
        if (!looked && store_refuses(looked.error().code)) return looked;
        if (is_settled()) return {};
        interval = greeting_.hello() == before ? std::min(interval * 2, patience.most) : patience.least;
        pause(interval, stop);
        if (clock_.monotonic() - told < repeat) continue;
        // It may have been lost, or heard by a process that is no more.
        if (!tell()) continue;
        told = clock_.monotonic();
        repeat = std::min(repeat * 2, store_way_greeting_most);
    }
}

// The peer speaks to this session, so that nobody wants what earlier ones have left. What this misses, the
// peer removes.
Status StoreWay::clean(const std::stop_token& stop) {
    EM_ASSIGN(const auto blobs, store_->list(paths_.outbox, listed, stop));
    for (const Blob& blob : blobs) {
        const auto name = name_in(paths_.outbox, blob);
        if (name && name->sessions != greeting_.hello()) EM_TRY(store_->remove(blob.name, stop));
    }
    return {};
}

Result<Arrival> StoreWay::connect(std::stop_token stop) {
    end_carrier();
    EM_TRY(begin(stop));
    EM_TRY(listen(stop));
    (void)clean(stop);
    EM_ASSIGN(auto ends, os::Socket::pair());
    auto carrier =
        std::make_unique<StoreCarrier>(*store_, config_, clock_, greeting_, std::move(ends.second));
    const std::lock_guard lock(mutex_);
    carrier_ = std::move(carrier);
    return Arrival{std::move(ends.first), text()};
}

}  // namespace euromesh::sync
