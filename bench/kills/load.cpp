#include "bench/kills/load.hpp"

#include "base/os/socket.hpp"
#include "base/random.hpp"

namespace euromesh::kills {
namespace {

constexpr std::chrono::milliseconds again{40}, nothing_to_do{15};
constexpr std::size_t complaints_most = 20;

std::string script_of(const PlannedJob& job, std::int64_t sleep_ms, const os::Path& run_file) {
    const auto line = [&](const char* what) {
        return fmt::format("echo {} {} $EUROMESH_CLAIM $EUROMESH_SITE >> {}", what, job.number,
                           run_file.string());
    };
    return fmt::format("{}; sleep {}.{:03}; {}; exit {}", line("start"), sleep_ms / 1000, sleep_ms % 1000,
                       line("end"), job.exit);
}

PlannedJob plan_job(Random& random, std::uint64_t seed, int number, int sites, const os::Path& run_file) {
    PlannedJob job;
    job.number = number;
    job.key = fmt::format("kills-{}-{}", seed, number);
    job.exit = random.below(20) == 0 ? 3 : 0;
    const bool is_short = random.below(3) == 0;
    const auto sleep_ms = static_cast<std::int64_t>(is_short ? random.below(30) : random.below(2000));
    const auto gpus = random.below(2) == 0 ? std::int64_t{0} : 1 + static_cast<std::int64_t>(random.below(3));
    if (sites > 1 && random.below(8) == 0)
        job.sites = 2 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(sites - 1)));
    if (random.below(8) == 0)
        job.cancel_after = std::chrono::milliseconds(static_cast<std::int64_t>(random.below(1500)));
    const std::int64_t quorum = job.sites == 1 ? 1 : job.sites - 1;
    job.spec = {{"version", 1},
                {"name", fmt::format("load-{}", number)},
                {"executable", "/bin/sh"},
                {"arguments", {"-c", script_of(job, sleep_ms, run_file)}},
                {"resources",
                 {{"processes", 1},
                  {"gpus_per_process", gpus},
                  {"sites", {{"count", job.sites}, {"quorum", quorum}}}}},
                {"attributes", {{"duration", "PT5M"}}}};
    return job;
}

}  // namespace

std::vector<PlannedJob> plan_jobs(std::uint64_t seed, int count, int sites, const os::Path& run_file) {
    Random random(derive_seed(seed, 1));
    std::vector<PlannedJob> jobs;
    for (int i = 0; i < count; ++i) jobs.push_back(plan_job(random, seed, i, sites, run_file));
    return jobs;
}

// One client knows all coordinators, and stays with the one that answered last.
struct Load::Client {
    std::vector<std::unique_ptr<apps::ApiClient>> addresses;
    std::size_t current = 0;
    std::stop_token stop{};

    apps::ApiClient& api() { return *addresses[current]; }
    void try_next() { current = (current + 1) % addresses.size(); }
};

Load::Load(std::vector<PlannedJob> jobs, FederationProcesses& federation, const Clock& clock, int clients)
    : plan_(std::move(jobs)), federation_(federation), clock_(clock) {
    for (int i = 0; i < clients; ++i)
        clients_.emplace_back([this, i](const std::stop_token& stop) { work_until(stop, i); });
}

void Load::stop() {
    for (os::Thread& client : clients_) client.request_stop();
    clients_.clear();
}

bool Load::is_over() const {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < plan_.size() || !cancels_.empty()) return false;
    for (const SubmittedJob& job : jobs_)
        if (job.id.empty() || !job.is_over()) return false;
    return true;
}

std::vector<SubmittedJob> Load::jobs() const {
    const std::lock_guard lock(mutex_);
    return jobs_;
}

std::vector<std::string> Load::complaints() const {
    const std::lock_guard lock(mutex_);
    return complaints_;
}

std::string Load::open_jobs() const {
    constexpr std::size_t shown = 5;
    const std::lock_guard lock(mutex_);
    std::string some;
    std::size_t open = 0;
    for (const SubmittedJob& job : jobs_) {
        if (job.is_over() || ++open > shown) continue;
        some += fmt::format(" {} {}", job.id.empty() ? "(unanswered)" : job.id, job.state);
    }
    return fmt::format("{} of {} jobs submitted, {} open:{}", jobs_.size(), plan_.size(), open, some);
}

void Load::complain(const std::string& what, const Error& error) {
    const std::lock_guard lock(mutex_);
    if (complaints_.size() < complaints_most)
        complaints_.push_back(fmt::format("{}: {}", what, error.message));
}

void Load::work_until(const std::stop_token& stop, int number) {
    Client client;
    client.stop = stop;
    client.current = static_cast<std::size_t>(number) % federation_.urls().size();
    for (const std::string& url : federation_.urls())
        client.addresses.push_back(std::make_unique<apps::ApiClient>(apps::CoordinatorAddress{url, {}},
                                                                     [this] { return federation_.token(); }));
    while (!stop.stop_requested()) {
        if (submit_one(client) || cancel_one(client) || look_at_one(client)) continue;
        os::wait_ready({}, nothing_to_do);
    }
}

// The same key until somebody answers, however often the coordinator dies meanwhile.
bool Load::submit_one(Client& client) {
    std::size_t at = 0;
    const PlannedJob* plan = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (next_ >= plan_.size() || next_ >= static_cast<std::size_t>(allowed_)) return false;
        plan = &plan_[next_++];
        at = jobs_.size();
        jobs_.push_back({.plan = plan});
    }
    while (!client.stop.stop_requested()) {
        const auto answer = client.api().post("/v1/jobs", plan->spec, plan->key);
        if (!answer && answer.error().code == Code::unavailable) {
            ++repeated_;
            client.try_next();
            os::wait_ready({}, again);
            continue;
        }
        if (!answer) complain("a submission", answer.error());
        const std::lock_guard lock(mutex_);
        jobs_[at].id = answer ? answer->value("job", "") : "(refused)";
        if (!answer) jobs_[at].state = "refused";
        if (answer && plan->cancel_after.count() >= 0)
            cancels_.emplace(clock_.monotonic() + plan->cancel_after, at);
        return true;
    }
    return false;
}

bool Load::cancel_one(Client& client) {
    std::size_t at = 0;
    std::string id;
    {
        const std::lock_guard lock(mutex_);
        if (cancels_.empty() || cancels_.begin()->first > clock_.monotonic()) return false;
        at = cancels_.begin()->second;
        id = jobs_[at].id;
        cancels_.erase(cancels_.begin());
    }
    const auto answer = client.api().post("/v1/jobs/" + id + "/cancel", {{"words", "changed my mind"}});
    const bool repeat = !answer && answer.error().code == Code::unavailable;
    if (!answer && !repeat) complain("a cancellation of " + id, answer.error());
    {
        const std::lock_guard lock(mutex_);
        jobs_[at].is_cancel_answered = !repeat;
        if (repeat) cancels_.emplace(clock_.monotonic() + again, at);
    }
    if (!repeat) return true;
    ++repeated_;
    client.try_next();
    return false;
}

bool Load::look_at_one(Client& client) {
    std::size_t at = 0;
    std::string id;
    {
        const std::lock_guard lock(mutex_);
        for (std::size_t tried = 0; tried < jobs_.size() && id.empty(); ++tried) {
            at = looked_at_++ % jobs_.size();
            if (!jobs_[at].is_over()) id = jobs_[at].id;
        }
    }
    if (id.empty()) return false;
    const auto answer = client.api().get("/v1/jobs/" + id);
    if (!answer && answer.error().code != Code::unavailable) complain("a look at " + id, answer.error());
    if (!answer) {
        client.try_next();
        return false;
    }
    const std::lock_guard lock(mutex_);
    jobs_[at].state = answer->value("state", "");
    // Not all the time: the processes shall have the machine.
    return false;
}

}  // namespace euromesh::kills
