#include "sync/exchange/gather.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/assert.hpp"
#include "sync/outer.hpp"

namespace euromesh::sync {
namespace {

constexpr std::size_t chunk_bytes_most = 1u << 20;

}  // namespace

struct AllGather::Impl final : BulkSink {
    struct Partner {
        Rank rank = 0;
        float weight = 0;
        double norm = 0;
        bool ready = false;
        std::size_t sent = 0, handed = 0;     // chunks of mine, to this one
        std::size_t placed = 0, arrived = 0;  // chunks of its contribution
    };

    Impl(Mesh& m, const Codec& c) : mesh(m), codec(c) {}

    Mesh& mesh;
    const Codec& codec;
    ReduceKey key;
    std::vector<Partner> members;
    std::size_t self = 0;  // in members
    std::span<const std::byte> mine;
    std::span<float> result;
    std::vector<std::byte> all;  // contributions in the order of the members
    std::size_t each = 0;        // bytes of one
    std::size_t chunk = 0;       // bytes; each chunk begins a block
    bool running = false;
    Status ending;
    std::optional<Error> failure;
    std::optional<Rank> guilty;

    std::size_t chunk_count() const { return (each + chunk - 1) / chunk; }
    std::uint64_t first_value(std::size_t index) const {
        return index * (chunk / codec.encoded_bytes(codec.block())) * codec.block();
    }
    std::size_t size_of(std::size_t index) const { return std::min(chunk, each - index * chunk); }
    std::span<std::byte> part_of(std::size_t member) { return std::span(all).subspan(member * each, each); }

    std::size_t find(Rank rank) const {
        const auto is_rank = [&](const Partner& partner) { return partner.rank == rank; };
        return static_cast<std::size_t>(std::find_if(members.begin(), members.end(), is_rank) -
                                        members.begin());
    }
    const std::string& name(Rank rank) const { return mesh.sites()[rank].site.text(); }

    Status check(const std::vector<ReduceMember>& asked) const {
        std::size_t own = 0;
        for (const ReduceMember& one : asked) {
            if (one.rank >= mesh.sites().size())
                return fail(Code::bad_input, "gathering: no site has rank {}", one.rank);
            const auto same = [&](const ReduceMember& other) { return other.rank == one.rank; };
            if (std::count_if(asked.begin(), asked.end(), same) > 1)
                return fail(Code::bad_input, "gathering: site {} is a member twice", name(one.rank));
            if (!std::isfinite(one.weight))
                return fail(Code::bad_input, "gathering: the weight of site {} is not finite",
                            name(one.rank));
            if (one.rank != mesh.self() && !mesh.is_up(one.rank))
                return fail(Code::unavailable, "gathering: site {} is not connected", name(one.rank));
            own += one.rank == mesh.self() ? 1 : 0;
        }
        if (own == 0) return fail(Code::bad_input, "gathering: this site is not a member");
        return {};
    }

    void begin(const std::vector<ReduceMember>& asked) {
        members.clear();
        for (const ReduceMember& one : asked) {
            if (one.rank == mesh.self()) self = members.size();
            Partner& added = members.emplace_back();
            added.rank = one.rank;
            added.weight = one.weight;
            added.norm = one.norm;
        }
        const std::size_t block = codec.encoded_bytes(codec.block());
        chunk = std::max(chunk_bytes_most / block, std::size_t{1}) * block;
        EM_ASSERT(chunk <= bulk_max_bytes, "a chunk fits in a frame");
        each = mine.size();
        all.resize(each * members.size());
        std::copy(mine.begin(), mine.end(), part_of(self).begin());
        failure.reset();
        guilty.reset();
        running = true;
    }

    void end(Status how) {
        if (!running) return;
        running = false;
        ending = std::move(how);
        mesh.detach(key);
    }

    bool is_complete() const {
        return std::all_of(members.begin(), members.end(), [&](const Partner& partner) {
            const bool own = &partner == &members[self];
            return own || (partner.handed == chunk_count() && partner.arrived == chunk_count());
        });
    }

    void settle() {
        if (failure) return end(fail(*failure));
        if (!running || !is_complete()) return;
        std::vector<float> weights;
        for (const Partner& partner : members) weights.push_back(partner.weight);
        const Status added = add_up(codec, all, weights, result);
        if (added && !is_too_long()) return end({});
        end(fail(Code::corrupted, "gathering of round {}, fragment {}: {}", key.round, key.fragment,
                 blame()));
    }

    bool is_too_long() const {
        double most = 0;
        for (const Partner& partner : members) most += std::fabs(double{partner.weight}) * partner.norm;
        return std::isfinite(most) && norm(result) > norm_slack * most + std::numeric_limits<float>::min();
    }

    std::string blame() {
        for (std::size_t i = 0; i < members.size(); ++i) {
            guilty = members[i].rank;
            if (!codec.is_finite(part_of(i), result.size()))
                return fmt::format("the contribution of site {} is not finite", name(members[i].rank));
            codec.decode(part_of(i), result);
            if (norm(result) > norm_slack * members[i].norm)
                return fmt::format("the contribution of site {} is longer than it says",
                                   name(members[i].rank));
        }
        guilty.reset();
        return "the sum of all contributions is not finite";
    }

    // --- BulkSink ---------------------------------------------------------------------------------------
    void ready(Rank peer) override {
        const std::size_t at = find(peer);
        if (at < members.size()) members[at].ready = true;
    }

    Result<std::span<std::byte>> place(Rank peer, const FrameHeader& header) override {
        const std::size_t at = find(peer);
        if (at == members.size()) return fail(Code::corrupted, "it is not a member of this gathering");
        Partner& from = members[at];
        if (header.kind != FrameKind::contribution || from.placed == chunk_count()) {
            return fail(Code::corrupted, "it sends more than its contribution");
        }
        if (header.offset != first_value(from.placed) || header.length != size_of(from.placed)) {
            return fail(Code::corrupted,
                        "it sends {} bytes for value {}, expected {} for value {} (do the sites agree on the "
                        "model?)",
                        header.length, header.offset, size_of(from.placed), first_value(from.placed));
        }
        return part_of(at).subspan(from.placed++ * chunk, header.length);
    }

    void arrived(Rank peer, const FrameHeader&) override { members[find(peer)].arrived += 1; }

    std::optional<BulkFrame> next(Rank peer) override {
        const std::size_t at = find(peer);
        if (at == members.size() || !members[at].ready || members[at].sent == chunk_count())
            return std::nullopt;
        const std::size_t index = members[at].sent++;
        FrameHeader header;
        header.kind = FrameKind::contribution;
        header.key = key;
        header.offset = first_value(index);
        header.length = static_cast<std::uint32_t>(size_of(index));
        return BulkFrame{header, part_of(self).subspan(index * chunk, header.length)};
    }

    void handed_over(Rank peer, const FrameHeader&) override { members[find(peer)].handed += 1; }

    void lost(Rank peer, const Error& reason) override {
        const std::size_t at = find(peer);
        if (at == members.size()) return;
        if (members[at].handed == chunk_count() && members[at].arrived == chunk_count()) return;
        end(fail(Code::unavailable, "gathering of round {}, fragment {}: lost {}", key.round, key.fragment,
                 reason.message));
    }
};

AllGather::AllGather(Mesh& mesh, const Codec& codec) : impl_(std::make_unique<Impl>(mesh, codec)) {}

AllGather::~AllGather() {
    AllGather::abort();
}

Status AllGather::start(const ReduceKey& key, std::vector<ReduceMember> members,
                        std::span<const std::byte> mine, std::span<float> result) {
    EM_ASSERT(!impl_->running, "one gathering at a time");
    EM_ASSERT(mine.size() == impl_->codec.encoded_bytes(result.size()), "a contribution of these values");
    EM_TRY(impl_->check(members));
    impl_->key = key;
    impl_->mine = mine;
    impl_->result = result;
    impl_->begin(members);
    std::vector<Rank> ranks;
    for (const ReduceMember& member : members) ranks.push_back(member.rank);
    impl_->mesh.attach(key, *impl_, ranks);
    return {};
}

bool AllGather::done() const {
    impl_->settle();
    return !impl_->running;
}

Status AllGather::outcome() const {
    EM_ASSERT(done(), "the outcome is asked for when there is one");
    return impl_->ending;
}

std::optional<Rank> AllGather::culprit() const {
    return impl_->guilty;
}

void AllGather::abort() {
    impl_->end(fail(Code::cancelled, "gathering of round {}, fragment {}: aborted", impl_->key.round,
                    impl_->key.fragment));
}

std::vector<std::byte> AllGather::take_result() {
    EM_ASSERT(done() && impl_->ending, "a result is taken when there is one");
    return std::move(impl_->all);
}

Status add_up(const Codec& codec, std::span<const std::byte> bytes, std::span<const float> weights,
              std::span<float> result) {
    const std::size_t each = codec.encoded_bytes(result.size());
    EM_ASSERT(bytes.size() == each * weights.size(), "one contribution for each weight");
    std::fill(result.begin(), result.end(), 0.0f);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto part = bytes.subspan(i * each, each);
        if (!codec.is_finite(part, result.size()))
            return fail(Code::corrupted, "contribution {} is not finite", i + 1);
        codec.accumulate(part, weights[i], result);
    }
    if (!is_finite(result)) return fail(Code::corrupted, "the sum is not finite");
    return {};
}

}  // namespace euromesh::sync
