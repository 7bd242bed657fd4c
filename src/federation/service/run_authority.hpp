// The coordinator as the authority of its federation's runs: it certifies the keys of the sites that it chose
// for a run, and of nobody else.
//
// Why: sites that train together must know each other and trust no authority beyond the federation. A
// certificate carries the run's id and the site's; trainers and hubs take none of another run
// (sync/exchange/greeting.hpp, hub_proof.hpp), so that one authority does for all runs, and a hub can be told
// of it before there is any. Its key follows from a signature of the coordinator's key (Ed25519 signs
// deterministically, RFC 8032, so that it is a function that only the key's holder can compute): nothing has
// to be stored, and a coordinator that was started again is the same authority. A site's private key is never
// seen here.
//
// A coordinator's new key is a new authority: certificates that were given before go on among themselves; a
// run in which one site gets its certificate before and another after does not come together, and is to be
// submitted again. Thread rule: any thread; the key signs from several at once.
#pragma once

#include "base/json.hpp"
#include "base/signature.hpp"
#include "federation/core/core.hpp"

namespace euromesh::federation {

struct RunMember {
    std::string job;
    std::string site;
    std::int64_t submitted_ms = 0;
    std::int64_t limit_ms = 0;
};

// The claim's job and site, if it is a claim of that site for a federated run and not over. refused else.
Result<RunMember> run_member(const Tables& tables, const std::string& claim, const std::string& site);

// {"authority": PEM, "certificate": PEM}, good for the run's time and a month of waiting. bad_input: not a
// public key.
Result<Json> certify_member(const SigningKey& coordinator, const RunMember& member,
                            const std::string& public_key, std::int64_t now_ms);

}  // namespace euromesh::federation
