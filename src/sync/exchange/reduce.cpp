#include "sync/exchange/reduce.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>

#include "base/assert.hpp"
#include "sync/exchange/shards.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {

struct AllReduce::Impl final : BulkSink {
    using Buffer = std::vector<std::byte>;

    // What goes between this member and one other.
    struct Partner {
        Rank rank = 0;
        float weight = 0;
        double norm = 0;
        bool ready = false;
        std::size_t contributions_sent = 0, results_sent = 0;      // chunks begun
        std::size_t contributions_placed = 0, results_placed = 0;  // chunks whose header has come
        std::size_t results_taken = 0;
        std::size_t open = 0;        // frames that have not yet arrived or been handed over
        std::deque<Buffer> waiting;  // contributions to my shard that others' are still missing for
        Buffer landing;
    };

    Impl(Mesh& m, const Codec& c, ReduceOptions o) : mesh(m), codec(c), options(o), raw(c.name() == "fp32") {}

    Mesh& mesh;
    const Codec& codec;
    const ReduceOptions options;
    const bool raw;  // bytes are the floats themselves: nothing is encoded or copied

    ReduceKey key;
    std::vector<Partner> members;
    std::size_t self = 0;  // in members
    Shards shards;
    std::span<const float> mine;
    std::span<float> result;
    std::size_t summed = 0;  // chunks of my shard
    double length = 0;       // of the sum so far
    std::optional<Rank> guilty;
    bool running = false;
    Status ending;

    std::vector<float> sum;
    Buffer encoded_mine;    // like the fragment
    Buffer encoded_result;  // like the fragment
    std::vector<Buffer> spare;
    Sha256Digest digest{};

    // --- sizes ------------------------------------------------------------------------------------------
    std::size_t my_chunks() const { return shards.chunk_count(self); }

    std::uint32_t encoded_size(const Range& range) const {
        return static_cast<std::uint32_t>(codec.encoded_bytes(range.size));
    }

    std::span<std::byte> slice(Buffer& encoded, const Range& range) const {
        return std::span(encoded).subspan(codec.encoded_bytes(range.first), encoded_size(range));
    }

    std::span<float> result_of(const Range& range) const { return result.subspan(range.first, range.size); }

    Partner& partner(Rank rank) {
        const auto found =
            std::find_if(members.begin(), members.end(), [&](const Partner& p) { return p.rank == rank; });
        EM_ASSERT(found != members.end(), "a member of this reduction");
        return *found;
    }
    bool is_member(Rank rank) const {
        return std::any_of(members.begin(), members.end(), [&](const Partner& p) { return p.rank == rank; });
    }
    std::size_t place_of(const Partner& partner) const {
        return static_cast<std::size_t>(&partner - members.data());
    }

    // --- begin and end ----------------------------------------------------------------------------------
    Status check(const std::vector<ReduceMember>& asked) const {
        bool found = false;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            const Rank rank = asked[i].rank;
            if (rank >= mesh.sites().size())
                return fail(Code::bad_input, "reduction: no site has rank {}", rank);
            const std::string& name = mesh.sites()[rank].site.text();
            if (!std::isfinite(asked[i].weight))
                return fail(Code::bad_input, "reduction: the weight of site {} is not finite", name);
            for (std::size_t j = 0; j < i; ++j) {
                if (asked[j].rank == rank)
                    return fail(Code::bad_input, "reduction: site {} is a member twice", name);
            }
            found = found || rank == mesh.self();
            if (rank != mesh.self() && !mesh.is_up(rank))
                return fail(Code::unavailable, "reduction: site {} is not connected", name);
        }
        if (!found) return fail(Code::bad_input, "reduction: this site is not a member");
        if (options.hub && *options.hub >= asked.size())
            return fail(Code::bad_input, "reduction: the hub is not a member");
        return {};
    }

    void set_members(const std::vector<ReduceMember>& asked) {
        members.clear();
        for (const ReduceMember& one : asked) {
            if (one.rank == mesh.self()) self = members.size();
            Partner& added = members.emplace_back();
            added.rank = one.rank;
            added.weight = one.weight;
            added.norm = one.norm;
        }
    }

    void begin() {
        shards = Shards(mine.size(), members.size(), codec.block(), options.chunk_values, options.hub);
        EM_ASSERT(codec.encoded_bytes(shards.largest_chunk()) <= bulk_max_bytes, "a chunk fits in a frame");
        summed = 0;
        length = 0;
        guilty.reset();
        for (std::size_t m = 0; m < members.size(); ++m) {
            if (m != self) members[m].open = 2 * (shards.chunk_count(m) + my_chunks());
        }
        sum.resize(std::min(shards.largest_chunk(), shards.shard(self).size));
        if (!raw) encoded_mine.resize(codec.encoded_bytes(mine.size()));
        if (!raw) encoded_result.resize(codec.encoded_bytes(mine.size()));
        if (options.digest_contribution) encode_all();
    }

    void encode_all() {
        if (!raw) codec.encode(mine, encoded_mine);
        digest = raw ? sha256(std::as_bytes(mine)) : sha256(std::span<const std::byte>(encoded_mine));
    }

    void end(Status how) {
        if (!running) return;
        running = false;
        ending = std::move(how);
        mesh.detach(key);
        for (Partner& member : members) {
            for (Buffer& buffer : member.waiting) spare.push_back(std::move(buffer));
            if (!member.landing.empty()) spare.push_back(std::move(member.landing));
            member.waiting.clear();
        }
    }

    // --- summing ----------------------------------------------------------------------------------------
    std::span<const std::byte> my_contribution(const Range& range) {
        if (raw) return std::as_bytes(mine.subspan(range.first, range.size));
        const std::span<std::byte> bytes = slice(encoded_mine, range);
        if (!options.digest_contribution) codec.encode(mine.subspan(range.first, range.size), bytes);
        return bytes;
    }

    bool next_chunk_is_complete() const {
        if (summed == my_chunks()) return false;
        return std::all_of(members.begin(), members.end(), [&](const Partner& member) {
            return place_of(member) == self || !member.waiting.empty();
        });
    }

    std::span<const std::byte> contribution_of(const Partner& member, const Range& range) {
        if (place_of(member) == self) return my_contribution(range);
        return std::span(member.waiting.front()).first(encoded_size(range));
    }

    void sum_chunk() {
        const Range range = shards.chunk(self, summed);
        const std::span<float> total = std::span(sum).first(range.size);
        std::fill(total.begin(), total.end(), 0.0f);
        for (const Partner& member : members)
            codec.accumulate(contribution_of(member, range), member.weight, total);
        if (!is_finite(total) || is_too_long(total)) return blame(range);
        publish(range, total);
        for (Partner& member : members) {
            if (place_of(member) == self) continue;
            spare.push_back(std::move(member.waiting.front()));
            member.waiting.pop_front();
        }
        ++summed;
    }

    void publish(const Range& range, std::span<const float> total) {
        if (raw) {
            std::copy(total.begin(), total.end(), result_of(range).begin());
            return;
        }
        const std::span<std::byte> bytes = slice(encoded_result, range);
        codec.encode(total, bytes);
        codec.decode(bytes, result_of(range));
    }

    bool is_too_long(std::span<const float> total) {
        double most = 0;
        for (const Partner& member : members) most += std::fabs(double{member.weight}) * member.norm;
        if (!std::isfinite(most)) return false;
        length = std::hypot(length, norm(total));
        return length > norm_slack * most + std::numeric_limits<float>::min();
    }

    // Overflow of finite contributions has no culprit; it is the sum that fails then.
    void blame(const Range& range) {
        std::string what = "the sum of all contributions is not finite";
        std::vector<float> values(range.size);
        for (const Partner& member : members) {
            const auto bytes = contribution_of(member, range);
            const std::string& name = mesh.sites()[member.rank].site.text();
            if (!codec.is_finite(bytes, range.size)) {
                guilty = member.rank;
                what = fmt::format("the contribution of site {} is not finite", name);
                break;
            }
            codec.decode(bytes, values);
            if (norm(values) <= norm_slack * member.norm) continue;
            guilty = member.rank;
            what = fmt::format("the contribution of site {} is longer than it says", name);
            break;
        }
        failure = Error{Code::corrupted,
                        fmt::format("reduction of round {}, fragment {}: {}", key.round, key.fragment, what)};
    }

    // Set within a callback of the mesh, where nothing may be detached; done() acts on it.
    std::optional<Error> failure;

    // --- BulkSink ---------------------------------------------------------------------------------------
    void ready(Rank peer) override {
        if (is_member(peer)) partner(peer).ready = true;
    }

    Result<Range> expected(Partner& from, const FrameHeader& header) {
        const bool contribution = header.kind == FrameKind::contribution;
        const std::size_t owner = contribution ? self : place_of(from);
        const std::size_t index = contribution ? from.contributions_placed : from.results_placed;
        if (place_of(from) == self || index >= shards.chunk_count(owner))
            return fail(Code::corrupted, "it sends more chunks than there are");
        const Range range = shards.chunk(owner, index);
        if (header.offset != range.first || header.length != encoded_size(range)) {
            return fail(Code::corrupted,
                        "it sends {} bytes for value {}, expected {} bytes for value {} (do the sites agree "
                        "on codec and members?)",
                        header.length, header.offset, encoded_size(range), range.first);
        }
        return range;
    }

    Buffer take_spare(std::size_t size) {
        Buffer buffer;
        if (!spare.empty()) {
            buffer = std::move(spare.back());
            spare.pop_back();
        }
        if (buffer.size() < size) buffer.resize(size);
        return buffer;
    }

    Result<std::span<std::byte>> place(Rank peer, const FrameHeader& header) override {
        if (!is_member(peer)) return fail(Code::corrupted, "it is not a member of this reduction");
        Partner& from = partner(peer);
        EM_ASSIGN(const Range range, expected(from, header));
        const bool contribution = header.kind == FrameKind::contribution;
        ++(contribution ? from.contributions_placed : from.results_placed);
        if (!contribution && raw) return std::as_writable_bytes(result_of(range));
        if (!contribution) return slice(encoded_result, range);
        from.landing = take_spare(header.length);
        return std::span(from.landing).first(header.length);
    }

    void arrived(Rank peer, const FrameHeader& header) override {
        Partner& from = partner(peer);
        --from.open;
        if (header.kind == FrameKind::contribution) {
            from.waiting.push_back(std::exchange(from.landing, {}));
            while (!failure && next_chunk_is_complete()) sum_chunk();
            return;
        }
        const Range range = shards.chunk(place_of(from), from.results_taken++);
        if (!raw) {
            codec.decode(slice(encoded_result, range), result_of(range));
        }
    }

    std::optional<BulkFrame> next(Rank peer) override {
        if (!is_member(peer) || failure) return std::nullopt;
        Partner& to = partner(peer);
        if (!to.ready) return std::nullopt;
        if (to.results_sent < summed) return result_frame(shards.chunk(self, to.results_sent++));
        const std::size_t owner = place_of(to);
        if (to.contributions_sent == shards.chunk_count(owner)) return std::nullopt;
        const Range range = shards.chunk(owner, to.contributions_sent++);
        return frame(FrameKind::contribution, range, my_contribution(range));
    }

    BulkFrame result_frame(const Range& range) {
        if (raw) return frame(FrameKind::result, range, std::as_bytes(result_of(range)));
        return frame(FrameKind::result, range, slice(encoded_result, range));
    }

    BulkFrame frame(FrameKind kind, const Range& range, std::span<const std::byte> body) const {
        FrameHeader header;
        header.kind = kind;
        header.key = key;
        header.offset = range.first;
        header.length = static_cast<std::uint32_t>(body.size());
        return {header, body};
    }

    void handed_over(Rank peer, const FrameHeader&) override { --partner(peer).open; }

    // A member that has given and taken all it should may leave early.
    void lost(Rank peer, const Error& reason) override {
        if (!is_member(peer) || partner(peer).open == 0) return;
        end(fail(Code::unavailable, "reduction of round {}, fragment {}: lost {}", key.round, key.fragment,
                 reason.message));
    }

    bool is_complete() const {
        return summed == my_chunks() && std::all_of(members.begin(), members.end(),
                                                    [](const Partner& member) { return member.open == 0; });
    }

    void settle() {
        if (failure) end(fail(*failure));
        if (running && is_complete()) end({});
    }
};

AllReduce::AllReduce(Mesh& mesh, const Codec& codec, ReduceOptions options)
    : impl_(std::make_unique<Impl>(mesh, codec, options)) {}

AllReduce::~AllReduce() {
    AllReduce::abort();
}

Status AllReduce::start(const ReduceKey& key, std::vector<ReduceMember> members, std::span<const float> mine,
                        std::span<float> result) {
    EM_ASSERT(!impl_->running, "one reduction at a time");
    EM_ASSERT(mine.size() == result.size(), "a result for each value");
    EM_TRY(impl_->check(members));
    impl_->set_members(members);
    impl_->key = key;
    impl_->mine = mine;
    impl_->result = result;
    impl_->failure.reset();
    impl_->begin();
    impl_->running = true;
    std::vector<Rank> ranks;
    for (const ReduceMember& member : members) ranks.push_back(member.rank);
    impl_->mesh.attach(key, *impl_, ranks);
    while (!impl_->failure && impl_->next_chunk_is_complete()) impl_->sum_chunk();
    return {};
}

bool AllReduce::done() const {
    impl_->settle();
    return !impl_->running;
}

Status AllReduce::outcome() const {
    EM_ASSERT(done(), "the outcome is asked for when there is one");
    return impl_->ending;
}

std::optional<Rank> AllReduce::culprit() const {
    return impl_->guilty;
}

void AllReduce::abort() {
    impl_->end(fail(Code::cancelled, "reduction of round {}, fragment {}: aborted", impl_->key.round,
                    impl_->key.fragment));
}

std::vector<std::byte> AllReduce::take_result() {
    EM_ASSERT(done() && impl_->ending, "a result is taken when there is one");
    if (!impl_->raw) return std::move(impl_->encoded_result);
    const auto bytes = std::as_bytes(impl_->result);
    return {bytes.begin(), bytes.end()};
}

const Sha256Digest& AllReduce::contribution_digest() const {
    return impl_->digest;
}

}  // namespace euromesh::sync
