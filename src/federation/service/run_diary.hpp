// What came between a centre and its part of a federated run, as the centre's agent saw it: the coordinator
// out of reach, the scheduler silent, a full disk, allocations and the waits between them, and that the agent
// itself was not there.
//
// Why: a run that went on in spite of all this should say at its end what there was. The coordinator cannot
// see most of it; what the agent tells goes with the claim into the ledger (core/run_progress.hpp).
//
// The file is written at each turn while a run is open here: so it also says until when the agent lived, and
// a disk that is full is noticed at once. Bounded; one thread. It does not: keep what the batch system knows
// by itself (allocations).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "federation/batch/batch_system.hpp"
#include "federation/core/run_progress.hpp"

namespace euromesh::federation {

class RunDiary {
  public:
    explicit RunDiary(os::Path file) : file_(std::move(file)) {}

    // What an earlier life has left; since its last turn the agent was away. A file that cannot be read is
    // begun anew.
    void read(std::int64_t now_ms);

    // At each turn, after the batch system was asked: the open claims of runs, and the others are forgotten.
    void see(const std::vector<BatchJob>& runs, std::int64_t now_ms);

    // Something that is over. What follows closely on one of the same kind is the same.
    void note(const std::string& kind, std::int64_t from_ms, std::int64_t until_ms, const std::string& words);
    // Something that may last: until end(), from the first of several.
    void begin(const std::string& kind, std::int64_t from_ms, const std::string& words);
    void end(const std::string& kind, std::int64_t now_ms);

    // What came between for this claim, its allocations included.
    std::vector<RunHappening> of(const BatchJob& claim) const;

    // Writes the file, or takes note of that it cannot be. Nothing while no run is open.
    void keep(std::int64_t now_ms);

  private:
    struct Page {
        std::vector<RunHappening> notes;
        RunHappening wait;  // for the next allocation; no kind: it does not wait
    };
    void see_wait(Page& page, const BatchJob& claim, std::int64_t now_ms);

    os::Path file_;
    std::map<std::string, Page> pages_;            // by claim
    std::map<std::string, RunHappening> lasting_;  // by kind
};

// How an allocation ended, or that it goes on, in a few words.
std::string allocation_words(const BatchJob& allocation);

}  // namespace euromesh::federation
