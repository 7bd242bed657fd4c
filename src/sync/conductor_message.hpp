// What the conductors of a run's sites tell each other: three kinds of message, all small.
//
// Standing is a site's whole state as others need it; it is sent to everybody whenever it changes, so that a
// new lead knows all that the old one knew. Plan and Commit come from the lead. On the wire they are JSON;
// decode() survives any bytes and gives only messages whose fields are within their limits. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "sync/manifest.hpp"

namespace euromesh::sync {

inline constexpr std::size_t sites_most = 64;

// Orders attempts over all leads: (counter, rank of the lead). 0: none.
using Ballot = std::uint32_t;

enum class Role { starting, member, joining, leaving };
std::string_view name_of(Role role);

// What a site has ready to give to the round of its position.
struct Ready {
    std::uint64_t tokens = 0;
    std::uint64_t inner_steps = 0;
    // The round at whose beginning the outer state stood from which it was computed. A site never gives two
    // contributions to one fragment from one base.
    std::uint64_t base = 0;
    double norm = 0;  // L2, before coding
    bool operator==(const Ready&) const = default;
};

// A candidate for the next outer state that a site has computed.
struct Prepared {
    Ballot ballot = 0;
    std::string state_after;          // state_digest()
    std::string contribution_digest;  // SHA-256 of the own encoded contribution
    std::uint64_t bytes = 0;          // of it
    bool operator==(const Prepared&) const = default;
};

struct Standing {
    Role role = Role::starting;
    Position position;
    std::string state;                // digest of the outer state at `position`
    Ballot promised = 0;              // takes part in no attempt below
    Ballot failed = 0;                // the last attempt that it could not finish or refused
    std::vector<std::size_t> sees;    // ranks of the members that it sees, itself included when it is one
    std::vector<std::size_t> blames;  // ranks whose contributions were not finite, or longer than they said
    std::optional<Ready> ready;
    std::optional<Prepared> prepared;
    std::uint64_t keeps = 0;             // it can give the lines and results of the rounds from this one on
    std::optional<std::uint64_t> lacks;  // a member that knows this round committed and has no result of it
    std::optional<std::size_t> wants;    // from whom: the outer state (joining), or the result that it lacks
    bool operator==(const Standing&) const = default;
};

struct PlanMember {
    std::size_t rank = 0;
    double weight = 0;
    double norm = 0;  // Ready::norm
    bool operator==(const PlanMember&) const = default;
};

struct Plan {
    std::uint64_t round = 0;
    std::string chain_head;  // of all members before the round
    Ballot ballot = 0;
    std::vector<PlanMember> members;  // rising ranks: the order in which contributions are summed
    bool operator==(const Plan&) const = default;
};

struct Commit {
    Ballot authority = 0;  // of who sends it; the attempt that made the line may be an older one
    std::string line;      // the manifest
    bool operator==(const Commit&) const = default;
};

using Message = std::variant<Standing, Plan, Commit>;

// Type number on the wire: 1 + index in the variant.
std::uint16_t type_of(const Message& message);
std::string encode(const Message& message);
// corrupted: unknown type, or which field is wrong.
Result<Message> decode_message(std::uint16_t type, std::span<const std::byte> bytes);

}  // namespace euromesh::sync
