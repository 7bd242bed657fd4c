#include "sync/exchange/relay_link.hpp"

#include <algorithm>
#include <cstring>

#include "base/hash.hpp"
#include "base/os/entropy.hpp"

namespace euromesh::sync {
namespace {

constexpr std::uint32_t magic = 0x31524d45;  // "EMR1"
constexpr std::size_t head_bytes = 24;
constexpr std::size_t name_max = 1024;
constexpr std::size_t offers_max = 16, found_max = 256;
constexpr std::size_t chunk = 1u << 20;
constexpr std::size_t output_max = 64u << 10;

void append(std::string& text, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

std::uint64_t number_at(std::string_view text, std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        value |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
    }
    return value;
}

std::string bytes_text(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// RFC 2104.
std::string hmac(std::string key, const std::string& text) {
    if (key.size() > 64) key = bytes_text(sha256(key));
    key.resize(64);
    std::string inner = key, outer = key;
    for (char& c : inner) c = static_cast<char>(c ^ 0x36);
    for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
    return bytes_text(sha256(outer + bytes_text(sha256(inner + text))));
}

// In a time that does not tell where they differ.
bool is_same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    int difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
    return difference == 0;
}

RelayRole other(RelayRole role) {
    return role == RelayRole::dials ? RelayRole::listens : RelayRole::dials;
}

}  // namespace

Result<std::string> read_relay_secret(const os::Path& file) {
    EM_ASSIGN(std::string secret, os::read_file(file, 4096));
    while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
    if (secret.size() >= 16) return secret;
    return fail(Code::bad_input, "secret {}: at least 16 bytes are needed (openssl rand -hex 32 > FILE)",
                file.string());
}

RelayLink::RelayLink(FolderStore& spool, RelayLinkConfig config, os::Socket socket)
    : spool_(spool), config_(std::move(config)), socket_(std::move(socket)), own_challenge_(32, '\0') {
    os::fill_random(std::as_writable_bytes(std::span(own_challenge_.data(), own_challenge_.size())));
    say(Kind::challenge, 0, own_challenge_ + config_.site);
}

void RelayLink::append_head(std::string& text, Kind kind, std::uint64_t number, std::string_view name) {
    append(text, magic, 4);
    append(text, static_cast<std::uint32_t>(kind), 4);
    append(text, name.size(), 8);
    append(text, number, 8);
    text += name;
}

void RelayLink::say(Kind kind, std::uint64_t number, std::string_view name) {
    append_head(output_, kind, number, name);
}

std::string RelayLink::proof(RelayRole role) const {
    const bool own = role == config_.role;
    const std::string& speaker = own ? config_.site : peer_;
    const std::string& listener = own ? peer_ : config_.site;
    const std::string challenges = own ? own_challenge_ + peer_challenge_ : peer_challenge_ + own_challenge_;
    return hmac(config_.secret, "euromesh relay" + std::string(1, static_cast<char>(role)) + challenges +
                                    speaker + "/" + listener);
}

bool RelayLink::is_idle() const {
    return known_ && peer_idle_ && said_idle_ && offered_.empty() && coming_.empty() && output_.empty();
}

// A listing costs more than an offer, so that one serves for several turns.
Status RelayLink::find() {
    EM_ASSIGN(auto blobs, for_peer());
    for (Blob& blob : blobs) {
        if (found_.size() >= found_max) break;
        found_.push_back(std::move(blob));
    }
    return {};
}

Result<std::vector<Blob>> RelayLink::for_peer() const {
    if (config_.site == relay_depot) return relay_incoming(spool_, peer_);
    EM_ASSIGN(auto blobs, relay_outgoing(spool_, config_.site));
    if (peer_ == relay_depot) return blobs;
    std::erase_if(blobs, [&](const Blob& blob) { return parse_relay_name(blob.name)->to != peer_; });
    return blobs;
}

Status RelayLink::offer_new() {
    if (!known_ || offered_.size() >= offers_max) return {};
    if (found_.empty()) EM_TRY(find());
    while (!found_.empty() && offered_.size() < offers_max) {
        const Blob blob = std::move(found_.front());
        found_.pop_front();
        if (offered_.contains(blob.name)) continue;
        offered_.emplace(blob.name, blob.size);
        say(Kind::offer, blob.size, blob.name);
        said_idle_ = false;
    }
    if (!offered_.empty() || said_idle_) return {};
    say(Kind::idle, 0, "");
    said_idle_ = true;
    return {};
}

Status RelayLink::step(bool readable) {
    if (readable) EM_TRY(read());
    return write();
}

// Writing: headers first, then the chunk that the last of them announced.

Status RelayLink::begin_chunk() {
    while (!wanted_.empty()) {
        const Wanted next = wanted_.front();
        if (!sending_ || sending_name_ != next.name) {
            auto opened = os::OutgoingFile::open(spool_.root() / next.name);
            const auto offered = offered_.find(next.name);
            if (!opened || offered == offered_.end() || opened->size() != offered->second) {
                // Removed by its writer, for it belongs to a stream that is over.
                wanted_.pop_front();
                offered_.erase(next.name);
                say(Kind::skip, 0, next.name);
                continue;
            }
            sending_ = std::move(*opened);
            sending_name_ = next.name;
            sending_at_ = next.offset;
        }
        sending_left_ =
            static_cast<std::size_t>(std::min<std::uint64_t>(chunk, sending_->size() - sending_at_));
        append_head(chunk_head_, Kind::data, sending_left_, next.name);
        return {};
    }
    return {};
}

// False: the socket takes no more now.
Result<bool> RelayLink::write_text(std::string& text) {
    while (!text.empty()) {
        const iovec piece{text.data(), text.size()};
        EM_ASSIGN(const std::size_t sent, socket_.send({&piece, 1}));
        if (sent == 0) return false;
        text.erase(0, sent);
    }
    return true;
}

Status RelayLink::write_chunk() {
    EM_ASSIGN(const bool announced, write_text(chunk_head_));
    while (announced && sending_left_ > 0) {
        EM_ASSIGN(const std::size_t sent, sending_->send(socket_, sending_at_, sending_left_));
        if (sent == 0) return {};
        sending_left_ -= sent;
        sending_at_ += sent;
        counts_.bytes_out += sent;
        if (sending_at_ < sending_->size()) continue;
        sending_.reset();
        wanted_.pop_front();
    }
    return {};
}

// A chunk that has begun goes first: nothing comes between its header and its bytes.
Status RelayLink::write() {
    EM_TRY(write_chunk());
    if (sending_left_ > 0) return {};
    EM_ASSIGN(const bool free, write_text(output_));
    if (!free || !known_) return {};
    EM_TRY(begin_chunk());
    return write_chunk();
}

// Reading.

Result<bool> RelayLink::read_head() {
    std::size_t wanted = head_bytes;
    if (input_.size() >= head_bytes) wanted += static_cast<std::size_t>(number_at(input_, 8, 8));
    if (input_.size() < wanted) {
        char room[head_bytes + name_max];
        const std::size_t missing = wanted - input_.size();
        EM_ASSIGN(const std::size_t got,
                  socket_.receive(std::as_writable_bytes(std::span(room).first(missing))));
        if (got == 0) return false;
        input_.append(room, got);
    }
    if (input_.size() < head_bytes) return true;
    const std::uint64_t length = number_at(input_, 8, 8);
    if (number_at(input_, 0, 4) != magic || length > name_max) {
        return fail(Code::corrupted, "the other end does not speak the language of relays");
    }
    if (input_.size() < head_bytes + length) return true;
    const Head head{static_cast<Kind>(number_at(input_, 4, 4)), number_at(input_, 16, 8),
                    input_.substr(head_bytes)};
    input_.clear();
    EM_TRY(take(head));
    return true;
}

Result<bool> RelayLink::read_data() {
    os::PartFile& part = coming_.at(data_name_).part;
    EM_ASSIGN(
        const std::size_t got,
        part.append_from(socket_, static_cast<std::size_t>(std::min<std::uint64_t>(data_left_, chunk))));
    data_left_ -= got;
    counts_.bytes_in += got;
    if (got > 0 && part.length() == coming_.at(data_name_).size) EM_TRY(commit(data_name_));
    return got > 0;
}

Status RelayLink::read() {
    const std::uint64_t before = counts_.bytes_in;
    while (counts_.bytes_in - before < chunk && output_.size() < output_max) {
        EM_ASSIGN(const bool more, data_left_ > 0 ? read_data() : read_head());
        if (!more) break;
    }
    return {};
}

Status RelayLink::take_greeting(const Head& head) {
    if (head.kind == Kind::challenge && peer_challenge_.empty() && head.name.size() > 32) {
        peer_challenge_ = head.name.substr(0, 32);
        peer_ = head.name.substr(32);
        const bool named = check_blob_name(peer_) && peer_.find('/') == std::string::npos;
        if (!named || peer_ == config_.site) {
            return fail(Code::refused, "the other end says it is site '{}'", named ? peer_ : "(not a name)");
        }
        say(Kind::proof, 0, proof(config_.role));
        return {};
    }
    if (head.kind != Kind::proof || peer_challenge_.empty() || known_) {
        return fail(Code::corrupted, "the other end says something before it has proved who it is");
    }
    if (!is_same(head.name, proof(other(config_.role)))) {
        return fail(Code::refused, "the relay of {} does not know the secret (give both the same --secret)",
                    peer_);
    }
    known_ = true;
    return {};
}

Status RelayLink::take(const Head& head) {
    if (!known_) return take_greeting(head);
    switch (head.kind) {
        case Kind::offer:
            return take_offer(head);
        case Kind::want:
            return take_want(head);
        case Kind::skip:
            offered_.erase(head.name);
            coming_.erase(head.name);
            return {};
        case Kind::data:
            return begin_data(head);
        case Kind::done:
            return take_done(head);
        case Kind::idle:
            peer_idle_ = true;
            return {};
        default:
            return fail(Code::corrupted, "the relay of {} says something unknown", peer_);
    }
}

bool RelayLink::is_for_us(const std::string& name, std::uint64_t size) const {
    const auto parsed = parse_relay_name(name);
    if (!parsed || !check_blob_name(name) || !is_whole({name, size}, *parsed)) return false;
    const bool from_peer = parsed->from == peer_ || (peer_ == relay_depot && parsed->from != config_.site);
    const bool to_us = parsed->to == config_.site || (config_.site == relay_depot && parsed->to != peer_);
    return from_peer && to_us;
}

Status RelayLink::take_offer(const Head& head) {
    peer_idle_ = false;
    if (!is_for_us(head.name, head.number) || coming_.size() >= offers_max) {
        return fail(Code::corrupted, "the relay of {} offers what is not for this site", peer_);
    }
    const os::Path path = spool_.root() / head.name;
    EM_TRY(os::make_folders(path.parent_path()));
    auto part = os::PartFile::open(path);
    if (!part && part.error().code == Code::conflict) {
        say(Kind::skip, 0, head.name);
        return {};
    }
    if (!part) return fail(std::move(part).error());
    if (part->length() > head.number) EM_TRY(part->truncate());
    const std::uint64_t length = part->length();
    coming_.insert_or_assign(head.name, Coming{std::move(*part), head.number});
    if (length == head.number) return commit(head.name);
    say(Kind::want, length, head.name);
    return {};
}

Status RelayLink::commit(const std::string& name) {
    const Status committed = coming_.at(name).part.commit();
    coming_.erase(name);
    if (!committed && committed.error().code == Code::not_found) {
        // Another relay was faster, or the part was purged: whatever is true shows with the next offer.
        say(Kind::skip, 0, name);
        return {};
    }
    EM_TRY(committed);
    ++counts_.files_in;
    say(Kind::done, 0, name);
    return {};
}

Status RelayLink::take_want(const Head& head) {
    const auto found = offered_.find(head.name);
    const auto again = [&](const Wanted& wanted) { return wanted.name == head.name; };
    if (found == offered_.end() || head.number >= found->second ||
        std::any_of(wanted_.begin(), wanted_.end(), again)) {
        return fail(Code::corrupted, "the relay of {} wants what was not offered", peer_);
    }
    wanted_.push_back({head.name, head.number});
    return {};
}

Status RelayLink::take_done(const Head& head) {
    if (offered_.erase(head.name) == 0) {
        return fail(Code::corrupted, "the relay of {} has got what was not offered", peer_);
    }
    ++counts_.files_out;
    return spool_.remove(head.name, {});
}

Status RelayLink::begin_data(const Head& head) {
    const auto found = coming_.find(head.name);
    const std::uint64_t room = found == coming_.end() ? 0 : found->second.size - found->second.part.length();
    if (head.number == 0 || head.number > room) {
        return fail(Code::corrupted, "the relay of {} sends what nobody asked for", peer_);
    }
    data_name_ = head.name;
    data_left_ = head.number;
    return {};
}

}  // namespace euromesh::sync
