// A coordinator over a real data base in a folder that goes away, with a clock and a disk that a test holds.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "base/hash.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "base/os/system_clock.hpp"
#include "federation/service/coordinator.hpp"
#include "federation/service/founding.hpp"
#include "federation/store/sqlite_log_store.hpp"

namespace euromesh::federation {

inline constexpr const char* test_issuer = "https://issuer.example";

// The real time, and what a test has added to it. Safe from any thread.
class ShiftedClock final : public Clock {
  public:
    Nanoseconds monotonic() const override { return real_.monotonic() + Nanoseconds(added_.load()); }
    Nanoseconds wall() const override {
        return real_.wall() + Nanoseconds(added_.load()) - Nanoseconds(wall_behind_.load());
    }
    void advance(Nanoseconds step) { added_ += step.count(); }
    void turn_wall_back(Nanoseconds step) { wall_behind_ += step.count(); }
    std::int64_t now_ms() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(wall()).count();
    }

  private:
    os::SystemClock real_;
    std::atomic<std::int64_t> added_{0}, wall_behind_{0};
};

// Waits for what another thread brings about.
template <class Condition>
bool eventually(Condition condition) {
    const os::SystemClock clock;
    const Nanoseconds end = clock.monotonic() + std::chrono::seconds(20);
    while (!condition()) {
        if (clock.monotonic() > end) return false;
        os::wait_ready({}, std::chrono::milliseconds(2));
    }
    return true;
}

class ServiceFolder {
  public:
    ServiceFolder() {
        static std::atomic<int> count{0};
        path_ = std::filesystem::temp_directory_path() /
                fmt::format("em-service-{}-{}", os::own_process_id(), ++count);
        std::filesystem::create_directories(path_);
    }
    ServiceFolder(const ServiceFolder&) = delete;
    ServiceFolder& operator=(const ServiceFolder&) = delete;
    ~ServiceFolder() {
        std::error_code error;
        std::filesystem::remove_all(path_, error);
    }
    const os::Path& path() const { return path_; }

  private:
    os::Path path_;
};

// What a test does to the disk.
class DiskSwitch {
  public:
    void hold() {
        set([this] { held_ = true; });
    }
    void let_go() {
        set([this] { held_ = false; });
    }
    void fail_with(Error error) {
        set([&] { failure_ = std::move(error); });
    }

    Status pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [this] { return !held_; });
        --waiting_;
        if (failure_) return fail(*failure_);
        return {};
    }
    bool is_somebody_waiting() const {
        const std::lock_guard lock(mutex_);
        return held_ && waiting_ > 0;
    }

  private:
    template <class Change>
    void set(Change change) {
        const std::lock_guard lock(mutex_);
        change();
        changed_.notify_all();
    }
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    int waiting_ = 0;
    std::optional<Error> failure_;
};

// A real store behind that switch.
class SwitchedStore final : public LogStore {
  public:
    SwitchedStore(std::unique_ptr<LogStore> real, DiskSwitch& disk) : real_(std::move(real)), disk_(disk) {}
    Result<std::uint64_t> acquire_lead(const std::string& holder) override {
        return real_->acquire_lead(holder);
    }
    Result<std::uint64_t> size() override { return real_->size(); }
    Status append(std::uint64_t first, std::span<const std::string> entries) override {
        EM_TRY(disk_.pass());
        return real_->append(first, entries);
    }
    Result<std::vector<std::string>> read(std::uint64_t first, std::size_t most_entries,
                                          std::size_t most_bytes) override {
        return real_->read(first, most_entries, most_bytes);
    }
    Status put_snapshot_part(std::uint64_t at, std::uint64_t part, std::string_view bytes) override {
        return real_->put_snapshot_part(at, part, bytes);
    }
    Status finish_snapshot(std::uint64_t at, std::uint64_t size, const Sha256Digest& digest) override {
        return real_->finish_snapshot(at, size, digest);
    }
    Result<std::optional<Snapshot>> latest_snapshot() override { return real_->latest_snapshot(); }
    Status put_document(const std::string& name, std::string_view bytes) override {
        return real_->put_document(name, bytes);
    }
    Result<std::optional<std::string>> get_document(const std::string& name) override {
        return real_->get_document(name);
    }
    std::string place() const override { return real_->place(); }
    Result<std::string> concern() override { return real_->concern(); }

  private:
    std::unique_ptr<LogStore> real_;
    DiskSwitch& disk_;
};

// An answer that comes from another thread.
template <class T>
class Awaited {
  public:
    std::function<void(Result<T>)> callback() {
        return [state = state_](Result<T> result) {
            const std::lock_guard lock(state->mutex);
            CHECK_FALSE(state->result.has_value());
            state->result.emplace(std::move(result));
            state->changed.notify_all();
        };
    }
    bool has_come() const {
        const std::lock_guard lock(state_->mutex);
        return state_->result.has_value();
    }
    Result<T> get() const {
        std::unique_lock lock(state_->mutex);
        const bool came = state_->changed.wait_for(lock, std::chrono::seconds(60),
                                                   [this] { return state_->result.has_value(); });
        REQUIRE_MESSAGE(came, "no answer for a minute");
        return *state_->result;
    }

  private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        std::optional<Result<T>> result;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

inline Result<Json> ask(Coordinator& coordinator, const Actor& actor, Ask what) {
    Awaited<Json> answer;
    coordinator.execute({actor, std::move(what)}, answer.callback());
    return answer.get();
}

inline Json must_ask(Coordinator& coordinator, const Actor& actor, Ask what) {
    const auto answer = ask(coordinator, actor, std::move(what));
    if (!answer) FAIL(answer.error().message);
    return *answer;
}

inline Result<Orders> report(Coordinator& coordinator, const std::string& site, const SiteReport& told) {
    Actor actor;
    actor.account = actor.site = site;
    Awaited<Orders> answer;
    coordinator.report(actor, told, answer.callback());
    return answer.get();
}

inline Actor person(const std::string& subject) {
    Actor actor;
    actor.account = std::string(test_issuer) + "|" + subject;
    actor.name = subject;
    actor.scopes = {"compute.read", "compute.create", "compute.cancel", "allocation.apply"};
    return actor;
}

inline contract::JobSpec small_job(const std::string& project) {
    contract::JobSpec spec;
    spec.name = "hello";
    spec.executable = "/bin/echo";
    spec.arguments = {"hello"};
    spec.duration_ms = 60'000;
    spec.project = project;
    return spec;
}

inline contract::SiteDocument small_site() {
    contract::SiteDocument document;
    document.country = "FI";
    document.op = "A centre";
    document.hosting = "ju";
    contract::SitePartition partition;
    partition.id = "cpu";
    partition.system = "small";
    partition.max_duration_ms = 86'400'000;
    document.partitions.push_back(partition);
    return document;
}

inline ProjectRecord project_of(const std::string& id, const std::string& member) {
    ProjectRecord project;
    project.id = id;
    project.organisation = "A small company";
    project.organisation_kind = "startup";
    project.country = "FI";
    project.members = project.managers = {person(member).account};
    return project;
}

// One federation in one folder, whose coordinator lives as often as the test likes. Root administers it; Ada
// is of project "reef", Bo of "dune".
struct CoordinatorWorld {
    ServiceFolder folder;
    ShiftedClock clock;
    mutable std::mutex log_mutex;
    std::string log;
    Logger logger{clock, LogFormat::json_lines, LogLevel::info, [this](std::string_view line) {
                      const std::lock_guard lock(log_mutex);
                      log += line;
                  }};
    DiskSwitch disk;
    SigningKey key = SigningKey::generate();
    SigningKey site_key = SigningKey::generate();
    CoordinatorOptions options{.head_every = Nanoseconds(0)};

    std::unique_ptr<LogStore> store() const {
        auto opened = open_sqlite_store(folder.path() / "log.db", {});
        if (!opened) FAIL(opened.error().message);
        return std::move(*opened);
    }
    Result<std::unique_ptr<Coordinator>> try_open(const SigningKey& with) {
        return Coordinator::open(std::make_unique<SwitchedStore>(store(), disk), store(), with, clock, logger,
                                 options);
    }
    std::unique_ptr<Coordinator> open() {
        auto opened = try_open(key);
        if (!opened) FAIL(opened.error().message);
        return std::move(*opened);
    }
    FederationRecord federation() const {
        return new_federation({"federation.example",
                               key.public_key(),
                               SigningKey::generate().public_key(),
                               {person("root").account}})
            .value();
    }
    // With its projects and one site that has told what it is.
    std::unique_ptr<Coordinator> founded() {
        auto coordinator = open();
        must_ask(*coordinator, person("root"), Found{federation()});
        must_ask(*coordinator, person("root"), SetProject{project_of("reef", "ada")});
        must_ask(*coordinator, person("root"), SetProject{project_of("dune", "bo")});
        admit(*coordinator, "site-a");
        return coordinator;
    }
    void admit(Coordinator& coordinator, const std::string& site) const {
        AdmitSite admission;
        admission.id = site;
        admission.public_key = to_hex(site_key.public_key());
        admission.country = "FI";
        admission.op = "A centre";
        admission.hosting = "ju";
        must_ask(coordinator, person("root"), admission);
        Actor actor;
        actor.account = actor.site = site;
        must_ask(coordinator, actor, DescribeSite{small_site()});
    }
    std::string submit(Coordinator& coordinator, const std::string& who = "ada",
                       const std::string& project = "reef") const {
        return must_ask(coordinator, person(who), Submit{small_job(project), "", ""}).at("job");
    }
    std::string logged() const {
        const std::lock_guard lock(log_mutex);
        return log;
    }
};

inline std::string digest_of(const Coordinator& coordinator) {
    return coordinator.read([](const Core& core) { return core.digest(); });
}

inline std::string state_of(const Coordinator& coordinator, const std::string& job) {
    return coordinator.read([&](const Core& core) {
        const JobRecord* record = core.tables().job(job);
        return record == nullptr ? std::string() : record->state;
    });
}

}  // namespace euromesh::federation
