#include <algorithm>
#include <cmath>

#include "apps/site_check_judge.hpp"

namespace euromesh::apps {
namespace {

constexpr const char* ways = "ways";

// The resolver asks its next server after 5 s (resolv.conf(5)); a good one answers in milliseconds.
constexpr Nanoseconds slow_look_up = std::chrono::seconds(1);
// Light in fibre needs 5 us/km: across Europe and back, 5000 km each way, 50 ms. Several times that is a
// detour or a queue.
constexpr Nanoseconds long_round_trip = std::chrono::milliseconds(200);

std::string_view family_name(os::Family family) {
    return family == os::Family::ipv6 ? "ipv6" : "ipv4";
}

bool any_of_family(const ReachSample& sample, os::Family family, bool connected) {
    return std::any_of(sample.trials.begin(), sample.trials.end(), [&](const AddressTrial& trial) {
        return trial.family == family && (!connected || trial.took);
    });
}

std::string families_of(const ReachSample& sample) {
    std::string text;
    for (const os::Family family : {os::Family::ipv6, os::Family::ipv4}) {
        if (!any_of_family(sample, family, false)) continue;
        text += (text.empty() ? "" : " and ") + std::string(family_name(family));
    }
    return text;
}

Finding judge_look_up(const ReachSample& sample) {
    const std::string name = sample.name + ": look-up";
    if (sample.unknown) {
        return problem(ways, name, *sample.unknown,
                       "write its numeric address, or go out through what knows the name: via = "
                       "\"socks5://HOST:PORT\" or \"command: ssh -W {host}:{port} GATEWAY\"");
    }
    const std::string measured = fmt::format("{}: {} ({}) in {}", sample.target, sample.trials.size(),
                                             families_of(sample), time_text(sample.look_up));
    if (sample.look_up < slow_look_up) return ok(ways, name, measured);
    return warning(ways, name, measured,
                   "a name server does not answer: write the numeric address, or have /etc/resolv.conf "
                   "repaired");
}

const AddressTrial* fastest(const ReachSample& sample) {
    const AddressTrial* best = nullptr;
    for (const AddressTrial& trial : sample.trials) {
        if (trial.took && (!best || *trial.took < *best->took)) best = &trial;
    }
    return best;
}

Finding judge_silence(const ReachSample& sample) {
    const std::string name = sample.name + ": connection";
    const bool refused = std::any_of(sample.trials.begin(), sample.trials.end(),
                                     [](const AddressTrial& trial) { return trial.refused; });
    const std::string why = sample.trials.empty() ? "no address" : sample.trials.front().why;
    const std::string measured = fmt::format("{}: {}", sample.target, why);
    if (refused && sample.may_be_silent) {
        return warning(ways, name,
                       fmt::format("{}: the host answers, nobody listens there yet", sample.target),
                       "before the run that is so; to be sure, run `euromesh site check --listen " +
                           sample.target + "` there and check again");
    }
    const Error error{Code::unavailable, measured};
    if (refused) {
        return problem(
            ways, name, error,
            "the host answers but nobody listens on this port: start the program there, or correct "
            "the port");
    }
    return problem(ways, name, error,
                   "no way out from here, or a firewall: go through one (via = socks5://, http:// or "
                   "command:), exchange = \"hub\", or \"spool\" with a relay on a login node");
}

// An address that leads nowhere before one that works: each new connection pays for it, and programs that
// do not race addresses hang.
std::optional<Finding> judge_dead_family(const ReachSample& sample) {
    const os::Family first = sample.trials.front().family;
    const os::Family other = first == os::Family::ipv6 ? os::Family::ipv4 : os::Family::ipv6;
    if (any_of_family(sample, first, true) || !any_of_family(sample, other, true)) return std::nullopt;
    return warning(ways, sample.name + ": family",
                   fmt::format("{} comes first and is dead here ({}: {}); {} works", family_name(first),
                               sample.trials.front().address, sample.trials.front().why, family_name(other)),
                   fmt::format("family = \"{}\" in this site's [[site]] table (relay: --{})",
                               family_name(other), family_name(other)));
}

}  // namespace

Findings judge_reach(const ReachSample& sample) {
    Findings found{judge_look_up(sample)};
    if (sample.unknown) return found;
    const AddressTrial* best = fastest(sample);
    if (!best) {
        found.push_back(judge_silence(sample));
        return found;
    }
    const std::string name = sample.name + ": connection";
    const std::string measured = fmt::format("{}: round trip {}", best->address, time_text(*best->took));
    if (*best->took < long_round_trip) {
        found.push_back(ok(ways, name, measured));
    } else {
        found.push_back(warning(ways, name, measured,
                                "longer than across Europe and back (50 ms): a detour or a queue; train with "
                                "overlap, and ask where the route goes"));
    }
    if (auto dead = judge_dead_family(sample)) found.push_back(std::move(*dead));
    return found;
}

Finding judge_via(const ViaSample& sample) {
    const std::string name = sample.name + ": via";
    if (sample.failed && sample.may_be_silent && sample.failed->code == Code::unavailable) {
        return warning(ways, name, sample.failed->message,
                       "before the run that may be so; to be sure, run `euromesh site check --listen " +
                           sample.target + "` there and check again");
    }
    if (sample.failed) {
        return problem(ways, name, *sample.failed,
                       sample.is_command
                           ? "call the command by hand on this node; it must not ask for a password"
                           : "is the proxy running (ssh -D PORT GATEWAY), and may it reach this target?");
    }
    const std::string measured =
        fmt::format("{} by {} in {}", sample.target, sample.via, time_text(sample.took));
    if (!sample.is_command || sample.has_answered) return ok(ways, name, measured);
    return not_checked(ways, name, measured + ": the command runs, and has said nothing",
                       "run `euromesh site check --listen HOST:PORT` at the target: then it answers");
}

Finding judge_listening(const std::string& address, const Status& listened) {
    if (listened) return ok(ways, "own port", address + " is free");
    const Code code = listened.error().code;
    const char* remedy = "choose another address for this site (address = HOST:PORT)";
    if (code == Code::conflict) {
        remedy =
            "another process listens there (is the run going on? `ss -ltnp` tells): end it or choose "
            "another port";
    } else if (code == Code::refused) {
        remedy = "ports below 1024 are for the administrator: choose one above";
    } else if (code == Code::not_found) {
        remedy =
            "this address is not of this node: write 0.0.0.0:PORT, [::]:PORT or one that `ip address` "
            "shows";
    }
    return problem(ways, "own port", listened.error(), remedy);
}

Finding judge_interface(const std::string& name, bool present) {
    if (present) return ok(ways, "interface", name + " is there");
    return problem(ways, "interface",
                   {Code::not_found, fmt::format("interface '{}': not on this node", name)},
                   "name one that `ip link` shows on the compute node, not on the login node");
}

Finding judge_hub(const std::string& target, const std::optional<Error>& failed) {
    if (!failed) return ok(ways, "hub: greeting", target + " is a hub");
    return problem(ways, "hub: greeting", *failed,
                   "something else answers there: correct [exchange] hub, or start `euromesh hub` on it");
}

Finding judge_store(const StoreSample& sample) {
    if (!sample.failed) {
        return ok(
            ways, sample.name,
            fmt::format("{}: put {}, list {}, get {}, remove {}", sample.location, time_text(sample.put),
                        time_text(sample.list), time_text(sample.get), time_text(sample.remove)));
    }
    const Code code = sample.failed->code;
    std::string remedy = "is the endpoint right, and is there a way out (HTTPS_PROXY=socks5h://HOST:PORT)?";
    if (!sample.in_bucket) remedy = "make the folder, with the right to write for this user";
    if (code == Code::no_space) remedy = "free some room, or have the quota raised";
    if (code == Code::not_found && sample.in_bucket) {
        remedy =
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SHARED_CREDENTIALS_FILE; is the "
            "bucket there?";
    }
    if (code == Code::refused && sample.in_bucket) {
        remedy =
            "the key must be allowed to put, get, list and delete in this bucket; a clock that is wrong "
            "by 15 minutes is refused too";
    }
    return problem(ways, sample.name, *sample.failed, std::move(remedy));
}

Finding judge_rate(const RateSample& sample, const os::SendBuffers& buffers) {
    // Below this the streams differ by chance.
    constexpr double gains = 1.5;
    const std::string name = sample.name + (sample.is_sending ? ": sending" : ": receiving");
    if (sample.failed)
        return problem("rates", name, *sample.failed, "check again; the counterpart may have ended");
    const double window = sample.several / 8 * to_seconds(sample.round_trip);
    const std::string measured = fmt::format("one stream {:.0f} Mbit/s, {} streams {:.0f} Mbit/s",
                                             sample.one / 1e6, sample.streams, sample.several / 1e6);
    if (sample.one <= 0 || sample.several <= 0)
        return problem("rates", name, {Code::unavailable, measured},
                       "no byte came through: ask for the route");
    if (sample.several < gains * sample.one) return ok("rates", name, measured);
    const auto granted = static_cast<double>(std::max(buffers.automatic_most, buffers.asked_most));
    // Of a send buffer a part is bookkeeping: half of it is the stream's at worst (tcp(7),
    // tcp_adv_win_scale).
    if (window * 2 > granted) {
        // Of what four carry there may be more: the run file takes up to 64.
        const int streams =
            std::clamp(static_cast<int>(std::ceil(window * 2 / std::max(granted, 1.0))), sample.streams, 64);
        return warning(
            "rates", name, measured,
            fmt::format("[exchange] streams = {}; one stream needs {} in buffers and the kernel "
                        "grants {} (net.core.wmem_max, rmem_max, the ends of tcp_wmem, tcp_rmem, at "
                        "both ends)",
                        streams, bytes_text(window * 2), bytes_text(granted)));
    }
    return warning(
        "rates", name, measured,
        fmt::format("[exchange] streams = {0}: worth {1:.1f} times one; buffers suffice, so there is "
                    "loss or a limit for each stream",
                    sample.streams, sample.several / sample.one));
}

}  // namespace euromesh::apps
