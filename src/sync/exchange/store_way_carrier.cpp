#include "sync/exchange/store_way_carrier.hpp"

#include <algorithm>

namespace euromesh::sync {
namespace {

constexpr Nanoseconds slice = std::chrono::milliseconds(20);
constexpr std::size_t read_bytes = 1u << 20;

std::string position_name(TetherKind kind, const TetherHello& sessions, std::uint64_t position) {
    TetherName name;
    name.kind = kind;
    name.sessions = sessions;
    name.offset = position;
    return encode(name);
}

}  // namespace

bool store_refuses(Code code) {
    return code == Code::refused || code == Code::bad_input || code == Code::internal;
}

StorePaths paths_of(const StoreWayConfig& config) {
    return {config.run + "/" + config.self + "/" + config.peer,
            config.run + "/" + config.peer + "/" + config.self};
}

StoreCarrier::StoreCarrier(BlobStore& store, const StoreWayConfig& config, const Clock& clock,
                           TetherGreeting& greeting, os::Socket socket)
    : store_(store),
      config_(config),
      clock_(clock),
      greeting_(greeting),
      sessions_(greeting.hello()),
      paths_(paths_of(config)),
      socket_(std::move(socket)),
      receiver_(config.tether),
      greeted_(clock.monotonic()),
      greet_interval_(config.greet_again_after),
      sends_([this](const std::stop_token& stop) { send_all(stop); }),
      receives_([this](const std::stop_token& stop) { receive_all(stop); }) {}

StoreCarrier::~StoreCarrier() {
    const Nanoseconds begun = clock_.monotonic();
    const auto patience = [&] { return saw_end_ ? config_.close_limit : 2 * slice; };
    while (!sending_over_ && !sent_all_ && !over_ && clock_.monotonic() - begun < patience()) {
        os::wait_ready({}, std::chrono::milliseconds(2));
    }
    over_ = true;
    sends_.request_stop();
    receives_.request_stop();
}

StoreWayCounts StoreCarrier::counts() const {
    return {segments_sent_, segments_received_, segments_resent_, segments_corrupt_, acknowledgements_};
}

std::optional<Error> StoreCarrier::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void StoreCarrier::give_up(Error error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(error);
    over_ = true;
}

// Sending.

bool StoreCarrier::put_patiently(const std::string& name, std::span<const std::byte> bytes,
                                 const std::stop_token& stop) {
    Nanoseconds interval = store_.patience().least;
    while (!over_ && !stop.stop_requested()) {
        Status put = store_.put(paths_.outbox + "/" + name, bytes, stop);
        if (put) return true;
        if (store_refuses(put.error().code)) give_up(std::move(put).error());
        // A full disk or a store that is away: whoever waits for the bytes decides how long that may be.
        for (Nanoseconds waited{0}; waited < interval && !over_ && !stop.stop_requested(); waited += slice) {
            os::wait_ready({}, std::min(interval - waited, slice));
        }
        interval = std::min(interval * 2, store_.patience().most);
    }
    return false;
}

bool StoreCarrier::put_segment(const SegmentView& segment, const std::stop_token& stop) {
    const TetherName name{TetherKind::segment, sessions_, segment.offset,
                          static_cast<std::uint32_t>(segment.bytes.size()), sha256(segment.bytes)};
    if (!put_patiently(encode(name), segment.bytes, stop)) return false;
    ++segments_sent_;
    busy_ = true;
    return true;
}

// One read; whether the socket had anything.
bool StoreCarrier::gather(TetherSender& sender, std::span<std::byte> room) {
    const auto got = socket_.receive(room.first(std::min(room.size(), sender.room())));
    if (!got) {
        sender.finish();
        saw_end_ = true;
    }
    if (!got || *got == 0) return false;
    last_byte_ = clock_.monotonic();
    if (!sender.has_unsent()) first_byte_ = last_byte_;
    sender.offer(room.first(*got));
    return true;
}

void StoreCarrier::put_segments(TetherSender& sender, const std::stop_token& stop) {
    const Nanoseconds linger = config_.linger.value_or(store_.patience().least);
    while (!over_ && !stop.stop_requested()) {
        const Nanoseconds now = clock_.monotonic();
        const bool paused = now - last_byte_ >= linger || now - first_byte_ >= 50 * linger;
        const auto segment = sender.next(now, 0, paused || sender.end());
        if (!segment || !put_segment(*segment, stop)) return;
        segments_resent_ = sender.resent_segments();
    }
}

// Waits for the socket where it may be read, and reads what it has.
void StoreCarrier::read_some(TetherSender& sender, std::span<std::byte> room) {
    if (sender.end() || sender.room() == 0) {
        os::wait_ready({}, slice);
        return;
    }
    os::WaitItem item{&socket_, true};
    os::wait_ready({&item, 1}, sender.has_unsent() ? std::chrono::milliseconds(1) : slice);
    if (item.readable) gather(sender, room);
}

// Put is durable; only what the store loses afterwards needs this end to go on.
void StoreCarrier::put_end(std::uint64_t position, const std::stop_token& stop) {
    if (sent_all_ || !put_patiently(position_name(TetherKind::end, sessions_, position), {}, stop)) return;
    busy_ = true;
    sent_all_ = true;
}

void StoreCarrier::send_all(const std::stop_token& stop) {
    TetherSender sender(config_.tether);
    std::vector<std::byte> room(read_bytes);
    while (!over_ && !stop.stop_requested() && sender.end() != sender.acknowledged()) {
        if (Status known = sender.acknowledged(acknowledged_, clock_.monotonic()); !known) {
            give_up(std::move(known).error());
        }
        if (!sender.end() || sent_all_) read_some(sender, room);
        put_segments(sender, stop);
        if (sender.end() && !sender.has_unsent()) put_end(*sender.end(), stop);
    }
    if (sender.end() == sender.acknowledged()) put_end(sender.acknowledged(), stop);
    sending_over_ = true;
}

// Receiving.

Status StoreCarrier::hear(const Blob& blob, const TetherName& name, const std::stop_token& stop) {
    EM_TRY(store_.remove(blob.name, stop));
    const Heard heard = greeting_.hear(name.sessions);
    if (heard == Heard::ended) over_ = true;
    if (heard == Heard::tell) {
        TetherName hello;
        hello.sessions = sessions_;
        EM_TRY(store_.put(paths_.outbox + "/" + encode(hello), {}, stop));
    }
    return {};
}

Status StoreCarrier::take_segment(const Blob& blob, const TetherName& name, const std::stop_token& stop) {
    // One that is being written in place, by a copy that knows no rename, is not whole yet.
    if (blob.size != name.length) return {};
    const bool known = name.offset + name.length <= receiver_.consumed();
    if (!known && !receiver_.wants(name.offset, name.length)) return {};
    ask_again_ = ask_again_ || known;
    if (!known) {
        std::vector<std::byte> bytes(name.length);
        EM_ASSIGN(const std::size_t got, store_.get(blob.name, 0, bytes, stop));
        const bool right = got == bytes.size() && sha256(bytes) == name.digest;
        if (right) {
            EM_TRY(receiver_.take(name.offset, std::move(bytes)));
            ++segments_received_;
        } else {
            ++segments_corrupt_;
        }
    }
    return store_.remove(blob.name, stop);
}

Status StoreCarrier::take(const Blob& blob, const TetherName& name, const std::stop_token& stop) {
    if (name.kind == TetherKind::hello) return hear(blob, name, stop);
    const bool ours = name.sessions == TetherHello{sessions_.theirs, sessions_.mine};
    if (!ours) return store_.remove(blob.name, stop);
    peer_has_agreed_ = true;
    switch (name.kind) {
        case TetherKind::acknowledgement:
            if (name.offset > acknowledged_) acknowledged_ = name.offset;
            return store_.remove(blob.name, stop);
        case TetherKind::end:
            EM_TRY(receiver_.take_end(name.offset));
            return store_.remove(blob.name, stop);
        default:
            return take_segment(blob, name, stop);
    }
}

// Whether there was anything for this session.
Result<bool> StoreCarrier::look(const std::stop_token& stop) {
    EM_ASSIGN(const std::vector<Blob> blobs, store_.list(paths_.inbox, store_way_listing, stop));
    bool found = false;
    for (const Blob& blob : blobs) {
        const auto name = decode_tether_name(std::string_view(blob.name).substr(paths_.inbox.size() + 1));
        if (!name) continue;
        if (over_ || stop.stop_requested()) break;
        Status taken = take(blob, *name, stop);
        // Somebody else, a relay or a purge, was faster: it comes again or is sent again.
        if (!taken && taken.error().code == Code::not_found) continue;
        EM_TRY(std::move(taken));
        found = true;
        give();
    }
    return found;
}

void StoreCarrier::give() {
    while (!reader_gone_) {
        const std::span<const std::byte> ready = receiver_.ready();
        if (ready.empty()) return;
        const iovec piece{const_cast<std::byte*>(ready.data()), ready.size()};
        const auto sent = socket_.send({&piece, 1});
        reader_gone_ = !sent;
        if (!sent) break;
        if (*sent == 0) return;
        if (receiver_.consumed() == told_) untold_since_ = clock_.monotonic();
        receiver_.consume(*sent);
    }
    while (!receiver_.ready().empty()) receiver_.consume(receiver_.ready().size());
}

void StoreCarrier::acknowledge(const std::stop_token& stop) {
    const std::uint64_t untold = receiver_.consumed() - told_;
    const bool due = untold >= config_.tether.window_bytes / 4 || ask_again_ ||
                     (untold > 0 && clock_.monotonic() - untold_since_ >= config_.acknowledge_after);
    if (!due) return;
    const std::string name = position_name(TetherKind::acknowledgement, sessions_, receiver_.consumed());
    if (!store_.put(paths_.outbox + "/" + name, {}, stop)) return;  // it is due again at the next look
    told_ = receiver_.consumed();
    ask_again_ = false;
    ++acknowledgements_;
}

// A peer that has not heard that we have heard it waits for ever, and says nothing new.
void StoreCarrier::greet_again(const std::stop_token& stop) {
    if (peer_has_agreed_ || clock_.monotonic() - greeted_ < greet_interval_) return;
    TetherName hello;
    hello.sessions = sessions_;
    if (!store_.put(paths_.outbox + "/" + encode(hello), {}, stop)) return;  // as an acknowledgement
    greeted_ = clock_.monotonic();
    greet_interval_ = std::min(greet_interval_ * 2, store_way_greeting_most);
}

void StoreCarrier::pause(Nanoseconds& interval) {
    if (!receiver_.ready().empty() && !reader_gone_) {
        os::WaitItem item{&socket_, false, true};
        os::wait_ready({&item, 1}, std::min(interval, slice));
        return;
    }
    // In slices, so that an answer to what was just sent is looked for soon.
    for (Nanoseconds waited{0}; waited < interval && !over_; waited += slice) {
        if (busy_.exchange(false)) interval = store_.patience().least;
        if (store_.wait(paths_.inbox, std::min(interval - waited, slice))) return;
    }
}

void StoreCarrier::receive_all(const std::stop_token& stop) {
    const BlobStore::Patience patience = store_.patience();
    Nanoseconds interval = patience.least;
    while (!over_ && !stop.stop_requested()) {
        auto found = look(stop);
        if (!found && store_refuses(found.error().code)) {
            give_up(std::move(found).error());
            break;
        }
        give();
        acknowledge(stop);
        greet_again(stop);
        if (receiver_.is_over()) socket_.shutdown_sending();
        if ((receiver_.is_over() || reader_gone_) && sent_all_) break;
        const bool active = found && *found;
        interval = active ? patience.least : std::min(interval * 2, patience.most);
        pause(interval);
    }
    socket_.shutdown_sending();
    over_ = true;
}

}  // namespace euromesh::sync
