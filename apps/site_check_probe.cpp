#include "apps/site_check_probe.hpp"

#include <array>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include "apps/site_check_peer.hpp"
#include "base/os/process.hpp"
#include "base/os/terminal.hpp"
#include "base/os/thread.hpp"
#include "sync/exchange/dialogue.hpp"
#include "sync/exchange/s3_store.hpp"
#include "trainer/torch_module.hpp"

namespace euromesh::apps {
namespace {

constexpr Nanoseconds way_limit = std::chrono::seconds(4);

// Requests a stop after a while.
class TimeLimit {
  public:
    explicit TimeLimit(Nanoseconds limit)
        : thread_([this, limit](const std::stop_token& ended) {
              std::mutex mutex;
              std::unique_lock lock(mutex);
              std::condition_variable_any().wait_for(lock, ended, limit, [] { return false; });
              source_.request_stop();
          }) {}
    std::stop_token token() const { return source_.get_token(); }

  private:
    std::stop_source source_;
    os::Thread thread_;
};

AddressTrial trial_of(const os::Address& address) {
    return {address.text(), address.family(), std::nullopt, false, "no answer in " + time_text(way_limit)};
}

void conclude(AddressTrial& trial, const Status& connected, Nanoseconds took) {
    if (connected) {
        trial.took = took;
        return;
    }
    trial.why = connected.error().message;
    // The host itself says so: whatever is wrong, it is not the way.
    trial.refused = trial.why == std::strerror(ECONNREFUSED);
}

// All at the same time, so that a dead one costs no more than one.
std::vector<AddressTrial> try_all(const std::vector<os::Address>& addresses, const os::SocketOptions& options,
                                  const Clock& clock) {
    std::vector<AddressTrial> trials;
    std::vector<os::Socket> sockets;
    const Nanoseconds began = clock.monotonic();
    for (const os::Address& address : addresses) {
        trials.push_back(trial_of(address));
        auto socket = os::Socket::connect(address, options);
        if (!socket) conclude(trials.back(), fail(socket.error()), {});
        sockets.push_back(socket ? std::move(*socket) : os::Socket());
    }
    for (Nanoseconds left = way_limit; left > Nanoseconds(0); left = began + way_limit - clock.monotonic()) {
        std::vector<os::WaitItem> items;
        std::size_t running = 0;
        for (const os::Socket& socket : sockets) {
            items.push_back({&socket, false, socket.is_open(), false, false});
            running += socket.is_open();
        }
        if (running == 0) break;
        os::wait_ready(items, left);
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            if (!items[i].writable) continue;
            conclude(trials[i], sockets[i].connect_status(), clock.monotonic() - began);
            sockets[i] = os::Socket();
        }
    }
    return trials;
}

ReachSample reach(const Goal& goal, const sync::ConnectorOptions& out, const Clock& clock) {
    ReachSample sample;
    sample.name = goal.name;
    sample.target = goal.endpoint.text();
    sample.may_be_silent = goal.may_be_silent;
    const TimeLimit limit(way_limit);
    const Nanoseconds began = clock.monotonic();
    const auto addresses = os::resolve(goal.endpoint, out.family, limit.token());
    sample.look_up = clock.monotonic() - began;
    if (addresses) {
        sample.trials = try_all(*addresses, out.socket, clock);
    } else if (addresses.error().code == Code::cancelled) {
        sample.unknown = Error{Code::unavailable, fmt::format("looking up {}: no answer in {}",
                                                              goal.endpoint.text(), time_text(way_limit))};
    } else {
        sample.unknown = addresses.error();
    }
    return sample;
}

bool has_connection(const ReachSample& sample) {
    return std::any_of(sample.trials.begin(), sample.trials.end(),
                       [](const AddressTrial& trial) { return trial.took.has_value(); });
}

Finding greet_hub(const Goal& goal, const sync::ConnectorOptions& out, const Clock& clock) {
    sync::Dialler dialler(out, clock);
    const auto ask = [&]() -> Status {
        EM_ASSIGN(os::Socket socket, dialler.dial(goal.endpoint, {}));
        sync::Dialogue hub(socket, clock, way_limit, {}, "hub " + goal.endpoint.text());
        EM_ASSIGN(const std::string greeting, hub.receive_message(4096));
        EM_ASSIGN(const Json challenge, parse_json(greeting, 4096));
        if (challenge.is_object() && challenge.contains("hub")) return {};
        return fail(Code::not_found, "{}: says something else than a hub", goal.endpoint.text());
    };
    const Status asked = ask();
    return judge_hub(goal.endpoint.text(), asked ? std::nullopt : std::optional(asked.error()));
}

Finding check_rate(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context,
                   Nanoseconds round_trip, bool is_sending) {
    RateSample sample;
    sample.name = goal.name;
    sample.is_sending = is_sending;
    sample.round_trip = round_trip;
    for (const auto& [streams, into] :
         {std::pair(1, &sample.one), std::pair(sample.streams, &sample.several)}) {
        const auto rate =
            measure_rate(out, goal.endpoint, {streams, is_sending, context.rate_duration}, context.clock);
        if (rate)
            *into = *rate;
        else if (!sample.failed)
            sample.failed = rate.error();
    }
    return judge_rate(sample, os::send_buffers());
}

Findings check_counterpart(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context) {
    sync::Dialler dialler(out, context.clock);
    auto socket = call_counterpart(dialler, goal.endpoint, context.clock);
    if (!socket) {
        return {not_checked("rates", goal.name + ": rates, clock", socket.error().message,
                            "run `euromesh site check --listen HOST:PORT` there and check again with --to")};
    }
    Findings found;
    const auto clock = ask_clock(*socket, context.clock);
    if (!clock) return {problem("clock", goal.name + ": clock", clock.error(), "check again")};
    found.push_back(
        judge_offset(goal.name, clock->ahead, clock->round_trip / 2, context.clock.wall(), context.keys));
    for (const bool is_sending : {true, false})
        found.push_back(check_rate(goal, out, context, clock->round_trip, is_sending));
    return found;
}

ViaSample go_by(const Goal& goal, const sync::ConnectorOptions& out, const Clock& clock) {
    ViaSample sample{goal.name, goal.endpoint.text(), out.via.text()};
    sample.may_be_silent = goal.may_be_silent;
    sample.is_command = out.via.kind == sync::Connector::Kind::command;
    sync::Dialler dialler(out, clock);
    const Nanoseconds began = clock.monotonic();
    const auto socket = dialler.dial(goal.endpoint, {});
    sample.took = clock.monotonic() - began;
    if (!socket) sample.failed = socket.error();
    return sample;
}

void append(Findings& to, Findings more) {
    for (Finding& one : more) to.push_back(std::move(one));
}

Findings ask_more(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context) {
    if (goal.is_hub) return {greet_hub(goal, out, context.clock)};
    return check_counterpart(goal, out, context);
}

Findings check_directly(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context) {
    const ReachSample sample = reach(goal, out, context.clock);
    Findings found = judge_reach(sample);
    if (has_connection(sample)) append(found, ask_more(goal, out, context));
    return found;
}

Findings check_by_others(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context) {
    Findings found, more;
    if (out.via.kind != sync::Connector::Kind::command)
        append(found, judge_reach(reach({goal.name + ": proxy", out.via.proxy}, out, context.clock)));
    ViaSample sample = go_by(goal, out, context.clock);
    if (!sample.failed) more = ask_more(goal, out, context);
    sample.has_answered =
        !more.empty() && more[0].outcome != Outcome::problem && more[0].outcome != Outcome::not_checked;
    found.push_back(judge_via(sample));
    append(found, std::move(more));
    return found;
}

Result<std::unique_ptr<sync::BlobStore>> open_quick_store(const std::string& location, bool in_bucket) {
    if (!in_bucket) return sync::open_blob_store(location);
    EM_ASSIGN(sync::S3Config config, sync::parse_s3_location(location));
    EM_ASSIGN(config.credentials, sync::find_s3_credentials());
    config.tries = 1;
    config.silence_limit = way_limit;
    return std::unique_ptr<sync::BlobStore>(std::make_unique<sync::S3Store>(std::move(config)));
}

Status use_store(sync::BlobStore& store, const std::string& blob, StoreSample& sample, const Clock& clock) {
    const TimeLimit limit(way_limit * 2);
    const std::vector<std::byte> bytes(64u << 10, std::byte{7});
    std::vector<std::byte> room(bytes.size());
    const auto timed = [&](Nanoseconds& into, const auto& step) -> Status {
        const Nanoseconds began = clock.monotonic();
        EM_TRY(step());
        into = clock.monotonic() - began;
        return {};
    };
    EM_TRY(timed(sample.put, [&] { return store.put(blob, bytes, limit.token()); }));
    const Status listed = timed(sample.list, [&]() -> Status {
        EM_ASSIGN(const auto seen, store.list("site-check", 1000, limit.token()));
        for (const sync::Blob& one : seen)
            if (one.name == blob) return {};
        return fail(Code::corrupted, "{}: does not list what was just put there", store.text());
    });
    const Status got = timed(sample.get, [&]() -> Status {
        EM_ASSIGN(const std::size_t count, store.get(blob, 0, room, limit.token()));
        if (count == bytes.size() && room == bytes) return {};
        return fail(Code::corrupted, "{}: gives other bytes than were put there", store.text());
    });
    EM_TRY(timed(sample.remove, [&] { return store.remove(blob, limit.token()); }));
    EM_TRY(listed);
    return got;
}

std::filesystem::path nearest(std::filesystem::path folder) {
    std::error_code error;
    while (!folder.empty() && !std::filesystem::exists(folder, error) && folder != folder.parent_path())
        folder = folder.parent_path();
    return folder.empty() ? "." : folder;
}

Finding check_own_name(const Clock& clock) {
    const std::string name = os::host_name();
    const TimeLimit limit(way_limit);
    const Nanoseconds began = clock.monotonic();
    const auto addresses = os::resolve({name, 0}, os::Family::any, limit.token());
    return judge_host_name(name, clock.monotonic() - began,
                           addresses ? std::nullopt : std::optional(addresses.error()));
}

Finding check_temporary(const Clock& clock) {
    const auto set = os::environment("TMPDIR");
    const std::string path = set.value_or("/tmp");
    const auto written = os::measure_disk(path, 0, 1, {}, clock);
    return judge_temporary(path, set.has_value(), written ? Status{} : Status(fail(written.error())));
}

Findings check_devices() {
    DeviceSample sample{os::accelerator_files(), false, false};
    if (sample.files.empty()) return judge_devices(sample);
    sample.has_cuda = os::can_load("libcuda.so.1");
    sample.has_torch = trainer::load_torch(os::own_program()).has_value();
    return judge_devices(sample);
}

}  // namespace

Findings check_goal(const Goal& goal, const sync::ConnectorOptions& out, const ProbeContext& context) {
    sync::ConnectorOptions quick = out;
    quick.limit = way_limit;
    const bool plain = quick.via.kind == sync::Connector::Kind::plain;
    return plain ? check_directly(goal, quick, context) : check_by_others(goal, quick, context);
}

Finding check_store(const std::string& name, const std::string& location, const Clock& clock) {
    StoreSample sample{name, location};
    sample.in_bucket = location.starts_with("s3:") || location.starts_with("s3+");
    const auto store = open_quick_store(location, sample.in_bucket);
    if (!store) {
        sample.failed = store.error();
        return judge_store(sample);
    }
    const std::string blob = fmt::format("site-check/{}-{}", os::own_process_id(), clock.wall().count());
    const Status used = use_store(**store, blob, sample, clock);
    if (!used) sample.failed = used.error();
    // A folder that is empty now; another check may be using it.
    if (std::error_code error; !sample.in_bucket)
        std::filesystem::remove(std::filesystem::path(location) / "site-check", error);
    return judge_store(sample);
}

Findings check_folder(const std::string& name, const std::filesystem::path& folder, bool may_be_made,
                      const Clock& clock) {
    constexpr std::size_t bytes = 32u << 20, syncs = 50;
    const std::filesystem::path used = may_be_made ? nearest(folder) : folder;
    FolderSample sample;
    sample.name = name;
    sample.path = used.string();
    sample.room = os::folder_room(used);
    sample.speed = os::measure_disk(used, bytes, syncs, std::chrono::seconds(2), clock);
    return judge_folder(sample);
}

Findings check_machine(const Clock& clock) {
    Findings found = judge_clock(os::watch_clocks(clock, std::chrono::milliseconds(20)), clock.wall());
    found.push_back(check_own_name(clock));
    found.push_back(check_temporary(clock));
    append(found, judge_limits(os::process_limits()));
    append(found, judge_groups(os::group_limits(), os::usable_cores()));
    append(found, check_devices());
    return found;
}

}  // namespace euromesh::apps
