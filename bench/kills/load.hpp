// The work that people bring while processes are killed: jobs of several kinds, submitted and called off by
// clients that ask again until they are answered.
//
// Each job writes a line when it starts and one when it ends into one file that is only added to, so that
// what ran is seen apart from what anybody believes. Thread rule: one thread makes it and asks it; the
// clients are threads of its own.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "apps/api_client.hpp"
#include "base/os/thread.hpp"
#include "bench/kills/federation_processes.hpp"

namespace euromesh::kills {

struct PlannedJob {
    int number = 0;
    std::string key;  // idempotency key
    Json spec;
    std::int64_t sites = 1;
    int exit = 0;
    std::chrono::milliseconds cancel_after{-1};  // below zero: it is not called off
};

// Drawn from the seed.
std::vector<PlannedJob> plan_jobs(std::uint64_t seed, int count, int sites, const os::Path& run_file);

struct SubmittedJob {
    const PlannedJob* plan = nullptr;
    std::string id{};
    std::string state = "waiting";  // as last seen
    bool is_cancel_answered = false;
    bool is_over() const { return state != "waiting" && state != "placed" && state != "running"; }
};

class Load {
  public:
    Load(std::vector<PlannedJob> jobs, FederationProcesses& federation, const Clock& clock, int clients);

    // So many jobs may have been submitted by now.
    void allow(int count) { allowed_ = count; }
    bool is_over() const;
    // Ends the clients.
    void stop();

    std::vector<SubmittedJob> jobs() const;
    // Calls that had to be repeated because nobody answered.
    int repeated() const { return repeated_; }
    // Answers that should not have come.
    std::vector<std::string> complaints() const;
    // What is still open, for people.
    std::string open_jobs() const;

  private:
    struct Client;
    void work_until(const std::stop_token& stop, int number);
    bool submit_one(Client& client);
    bool cancel_one(Client& client);
    bool look_at_one(Client& client);
    void complain(const std::string& what, const Error& error);

    const std::vector<PlannedJob> plan_;
    FederationProcesses& federation_;
    const Clock& clock_;
    std::atomic<int> allowed_{0}, repeated_{0};
    mutable std::mutex mutex_;
    std::size_t next_ = 0;
    std::vector<SubmittedJob> jobs_;
    std::multimap<Nanoseconds, std::size_t> cancels_;  // when, and which of jobs_
    std::size_t looked_at_ = 0;
    std::vector<std::string> complaints_;
    std::vector<os::Thread> clients_;
};

}  // namespace euromesh::kills
