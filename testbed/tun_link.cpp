// tun_link HERE NAMESPACE THERE DELAY_US JITTER_US LOSS_PERCENT SEED: a line between two network devices that
// it makes.
//
// Why: netem, which delays packets, is missing in some kernels; TUN devices are in all. HERE is made in the
// namespace in which it is started, THERE in /run/netns/NAMESPACE. What the kernel sends into one comes out
// of the other, DELAY later, give or take JITTER (never out of order), unless it is lost. Prints "ready PID"
// and works until a signal or until the devices are gone.
//
// Without loss packets stay as large as the kernel makes them (up to 64 KiB, with offloads), which costs some
// forty times less; with loss each is a packet of the line's size, so that losses fall as they would there.
// The rate is made by a queue discipline on the devices (testbed/wan), not here.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

namespace euromesh::testbed {
namespace {

constexpr std::size_t packet_most = 66'000;           // 64 KiB and the header that tells of offloads
constexpr std::size_t queue_most_bytes = 256u << 20;  // more than 10 Gbit/s for 0.2 s
constexpr int packets_in_turn = 64;

struct Options {
    std::string here, there_namespace, there;
    Nanoseconds delay{0}, jitter{0};
    double loss = 0;  // 0 to 1
    std::uint64_t seed = 1;
};

struct Packet {
    Nanoseconds due{0};
    std::vector<std::byte> bytes;
};

// One direction.
struct Way {
    int from = -1;
    int to = -1;
    std::deque<Packet> queue{};
    std::size_t queued_bytes = 0;
    Nanoseconds last_due{0};
};

tl::unexpected<Error> system_error(const std::string& doing) {
    return fail(Code::refused, "{}: {} (needs root and /dev/net/tun)", doing, std::strerror(errno));
}

Result<int> make_device(const std::string& name, bool whole) {
    const int device = ::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) return system_error("opening /dev/net/tun");
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    if (::ioctl(device, TUNSETIFF, &request) != 0) return system_error("making device " + name);
    const unsigned offloads = whole ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
    if (::ioctl(device, TUNSETOFFLOAD, offloads) != 0) return system_error("offloads of " + name);
    return device;
}

Status enter_namespace(const std::string& name) {
    const int descriptor = ::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || ::setns(descriptor, CLONE_NEWNET) != 0)
        return system_error("entering namespace " + name);
    ::close(descriptor);
    return {};
}

class Line {
  public:
    Line(const Options& options, int here, int there)
        : options_(options), random_(options.seed), ways_{Way{here, there}, Way{there, here}} {}

    // false: a device is gone.
    bool turn() {
        pollfd items[] = {{ways_[0].from, POLLIN, 0}, {ways_[1].from, POLLIN, 0}};
        const timespec patience = until_next();
        ::ppoll(items, 2, &patience, nullptr);
        for (std::size_t i = 0; i < 2; ++i) {
            if ((items[i].revents & POLLIN) != 0 && !take(ways_[i])) return false;
            if ((items[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) return false;
        }
        for (Way& way : ways_) give(way);
        return true;
    }

  private:
    timespec until_next() const {
        Nanoseconds left = std::chrono::seconds(1);
        for (const Way& way : ways_)
            if (!way.queue.empty()) left = std::min(left, way.queue.front().due - clock_.monotonic());
        left = std::max(left, Nanoseconds(0));
        return {static_cast<time_t>(left.count() / 1'000'000'000),
                static_cast<long>(left.count() % 1'000'000'000)};
    }

    bool take(Way& way) {
        for (int i = 0; i < packets_in_turn; ++i) {
            const ssize_t size = ::read(way.from, scratch_.data(), scratch_.size());
            if (size < 0) return errno == EAGAIN || errno == EINTR;
            if (options_.loss > 0 && random_.uniform() < options_.loss) continue;
            queue(way, static_cast<std::size_t>(size));
        }
        return true;
    }

    void queue(Way& way, std::size_t size) {
        if (way.queued_bytes + size > queue_most_bytes) return;
        const auto spread = static_cast<double>(options_.jitter.count()) * (2 * random_.uniform() - 1);
        const Nanoseconds due =
            clock_.monotonic() + options_.delay + Nanoseconds(static_cast<std::int64_t>(spread));
        way.last_due = std::max(way.last_due, due);
        const auto begin = scratch_.begin();
        way.queue.push_back({way.last_due, {begin, begin + static_cast<std::ptrdiff_t>(size)}});
        way.queued_bytes += size;
    }

    void give(Way& way) {
        while (!way.queue.empty() && way.queue.front().due <= clock_.monotonic()) {
            const Packet& packet = way.queue.front();
            // A device that is down or full drops it, as a line would.
            (void)!::write(way.to, packet.bytes.data(), packet.bytes.size());
            way.queued_bytes -= packet.bytes.size();
            way.queue.pop_front();
        }
    }

    const Options& options_;
    os::SystemClock clock_;
    Random random_;
    Way ways_[2];
    std::vector<std::byte> scratch_ = std::vector<std::byte>(packet_most);
};

Result<double> number(const std::string& text, const char* what, double most) {
    char* end = nullptr;
    const double value = text.empty() ? 0 : std::strtod(text.c_str(), &end);
    if ((end && *end != '\0') || !(value >= 0 && value <= most))
        return fail(Code::bad_input, "{} '{}': use a number from 0 to {}", what, text, most);
    return value;
}

Result<Options> parse(const std::vector<std::string>& words) {
    if (words.size() != 8)
        return fail(Code::bad_input,
                    "usage: tun_link HERE NAMESPACE THERE DELAY_US JITTER_US LOSS_PERCENT SEED");
    Options options{words[1], words[2], words[3]};
    EM_ASSIGN(const double delay_us, number(words[4], "delay", 60e6));
    EM_ASSIGN(const double jitter_us, number(words[5], "jitter", delay_us));
    EM_ASSIGN(const double loss_percent, number(words[6], "loss", 100));
    options.delay = Nanoseconds(static_cast<std::int64_t>(delay_us * 1000));
    options.jitter = Nanoseconds(static_cast<std::int64_t>(jitter_us * 1000));
    options.loss = loss_percent / 100;
    options.seed = std::strtoull(words[7].c_str(), nullptr, 10);
    return options;
}

Status run(const std::vector<std::string>& words) {
    EM_ASSIGN(const Options options, parse(words));
    const bool whole = options.loss == 0;
    EM_ASSIGN(const int here, make_device(options.here, whole));
    EM_TRY(enter_namespace(options.there_namespace));
    EM_ASSIGN(const int there, make_device(options.there, whole));
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    std::printf("ready %d\n", os::own_process_id());
    std::fflush(stdout);
    Line line(options, here, there);
    os::watch_for_stop();
    while (!os::stop_requested() && line.turn()) continue;
    return {};
}

}  // namespace
}  // namespace euromesh::testbed

int main(int count, char** arguments) {
    const euromesh::Status status = euromesh::testbed::run({arguments, arguments + count});
    if (status) return 0;
    std::fprintf(stderr, "tun_link: %s\n", status.error().message.c_str());
    return euromesh::exit_status(status.error().code);
}
