// Runs training processes, at most so many at a time, and passes on what they tell.
//
// A job is one process with a name, its arguments and a rough amount of work; longest first when there are
// fewer slots than jobs. One thread. When the user stops the launcher, the processes are asked to stop too
// (they write a checkpoint) and are killed only after a grace.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/os/process.hpp"
#include "base/result.hpp"
#include "contract/run_record.hpp"

namespace euromesh::apps {

struct Job {
    contract::Teller teller;
    std::vector<std::string> arguments;
    std::filesystem::path log;
    double work = 1;
    int restarts = 0;  // how often it is started again after a kill
};

struct JobHandlers {
    std::function<void(const Job&, const Json&)> on_event;
    std::function<void(const std::string&)> on_note;
};

// Runs all jobs. A job that ends with an error before its first round stops the others, for they would wait
// for it; a later failure is told when the rest have ended. The message is the process's own last line.
Status run_jobs(std::vector<Job> jobs, std::size_t slots, const JobHandlers& handlers, const Clock& clock);

}  // namespace euromesh::apps
