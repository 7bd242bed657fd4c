// What the entries of a ledger say, followed from the first on: things that hashes and signatures do not
// show.
//
// A list of checks, each a function over the entries of one type; a new check is one more line in its group:
//   replay_govern    rules and modes by the board's signatures, who may admit and describe sites, own
//   projects
//                    and data
//   replay_access    tiers, applications, reviews, grants: decided by who may, with the amounts that were
//   asked replay_jobs      a job's and a claim's steps in their order, by whom they may be told, and what
//   they cost replay_decision  every decision evaluated again from its record
// Types that no check knows pass. It shares no code with the coordinator but JSON and error values. Memory
// grows with what is open (world.hpp). One thread.
#pragma once

#include <span>

#include "apps/verify/world.hpp"

namespace euromesh::verify {

std::span<const Check> govern_checks();
std::span<const Check> access_checks();
std::span<const Check> job_checks();
std::span<const Check> decision_checks();

class Replay {
  public:
    // bad_input: what the entry does that must not be.
    Status apply(const Entry& entry);

  private:
    World world_;
};

}  // namespace euromesh::verify
