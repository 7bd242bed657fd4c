// What the measurements of a preflight mean: pure functions from a measurement to findings.
//
// Why pure: each threshold stands here once, with its reason, and is tested with made-up measurements.
// Measuring is base/os/machine_probe.hpp and site_check_probe.hpp. Plain values, no thread rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/site_check.hpp"
#include "base/os/address.hpp"
#include "base/os/certificate.hpp"
#include "base/os/machine_probe.hpp"

namespace euromesh::apps {

using Findings = std::vector<Finding>;

// ---- ways

// One address of a name, dialled by itself.
struct AddressTrial {
    std::string address;
    os::Family family = os::Family::ipv4;
    std::optional<Nanoseconds> took{};  // nothing: no connection
    bool refused = false;               // the host answers, and nobody listens there
    std::string why{};
};

struct ReachSample {
    std::string name;    // "hub", "peer lumi"
    std::string target;  // host:port
    Nanoseconds look_up{0};
    std::optional<Error> unknown{};      // the look-up failed
    std::vector<AddressTrial> trials{};  // in the resolver's order
    // It may be that nobody listens there yet: a peer before the run has begun.
    bool may_be_silent = false;
};
Findings judge_reach(const ReachSample& sample);

// Through a proxy or a command.
struct ViaSample {
    std::string name, target, via;
    Nanoseconds took{0};
    std::optional<Error> failed{};
    // A command that stays silent may lead anywhere.
    bool is_command = false;
    bool has_answered = false;
    bool may_be_silent = false;  // see ReachSample
};
Finding judge_via(const ViaSample& sample);

Finding judge_listening(const std::string& address, const Status& listened);
Finding judge_interface(const std::string& name, bool present);
Finding judge_hub(const std::string& target, const std::optional<Error>& failed);

struct StoreSample {
    std::string name, location;  // without credentials
    bool in_bucket = false;
    std::optional<Error> failed{};
    Nanoseconds put{0}, list{0}, get{0}, remove{0};
};
Finding judge_store(const StoreSample& sample);

// ---- rates, bit/s; several: `streams` connections at the same time

struct RateSample {
    std::string name;
    double one = 0, several = 0;
    int streams = 4;
    Nanoseconds round_trip{0};
    std::optional<Error> failed{};
    bool is_sending = true;
};
Finding judge_rate(const RateSample& sample, const os::SendBuffers& buffers);

// ---- disk

struct FolderSample {
    std::string name;  // "run folder", "spool"
    std::string path;
    Result<os::FolderRoom> room{};
    Result<os::DiskSpeed> speed{};
    std::uint64_t needed_bytes = std::uint64_t{1} << 30;
};
Findings judge_folder(const FolderSample& sample);

// ---- clock

Findings judge_clock(const os::ClockSteps& steps, Nanoseconds wall);
// `ahead`: how far the other's clock is before ours, known to +- `bound`.
Finding judge_offset(const std::string& name, Nanoseconds ahead, Nanoseconds bound, Nanoseconds wall,
                     const std::optional<os::Validity>& keys);

// ---- names, limits, devices, keys

Finding judge_host_name(const std::string& name, Nanoseconds look_up, const std::optional<Error>& failed);
Finding judge_temporary(const std::string& path, bool is_set, const Status& written);

Findings judge_limits(const os::ProcessLimits& limits);
Findings judge_groups(const os::GroupLimits& limits, int cores);

struct DeviceSample {
    std::vector<os::DeviceFile> files{};
    bool has_cuda = false;   // libcuda is found by the loader
    bool has_torch = false;  // this build's module lies beside the program
};
Findings judge_devices(const DeviceSample& sample);

struct KeySample {
    std::string folder;
    std::optional<Error> failed{};
    bool others_may_read = false;
    os::Validity validity{};
};
Findings judge_keys(const KeySample& sample, Nanoseconds wall);

Finding judge_file(const std::string& name, const std::string& path, const Result<os::FileAccess>& access);

}  // namespace euromesh::apps
