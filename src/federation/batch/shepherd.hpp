// The shepherd of one local job: runs it, ends it in time, and writes down what became of it.
//
// Why a process of its own: it lives as long as the job, not as long as the agent. It holds the job's lock
// from its beginning to its end; so whoever sees the lock free and no end written knows that the job is lost.
// Two shepherds of one job: the second finds the lock held and goes. Order of what it writes: who runs
// (before the program's first instruction), then how it ended.
//
// Thread rule: one thread, one job, a process without other children (base/os/guarded_process.hpp).
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "federation/batch/job_record.hpp"

namespace euromesh::federation {

// Returns when the job is over and that is written, or when there is nothing (more) to do for it: it has run
// already, was forgotten, or has another shepherd. no_space, unavailable: the job did not start and may be
// tried again.
Status tend_job(const JobJournal& journal, const std::string& marker, const Clock& clock);

}  // namespace euromesh::federation
