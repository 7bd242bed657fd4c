#include "federation/batch/slurm_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>

namespace euromesh::federation {
namespace {

// Free texts last; names of jobs may hold anything.
constexpr std::string_view queue_format = "%i|%P|%T|%D|%V|%S|%e|%l|%Y|%N|%r|%j";
constexpr std::size_t queue_fields = 12;
constexpr std::size_t number_digits_most = 9;

// The waiting job's turn would not make it start.
constexpr std::array<std::string_view, 9> held_reasons{
    "Dependency",        "DependencyNeverSatisfied", "BeginTime",          "JobHeldUser",  "JobHeldAdmin",
    "JobArrayTaskLimit", "PartitionNodeLimit",       "PartitionTimeLimit", "PartitionDown"};

std::vector<std::string_view> fields_of(std::string_view line, std::size_t most) {
    std::vector<std::string_view> fields;
    for (std::size_t bar = line.find('|'); bar != std::string_view::npos && fields.size() + 1 < most;
         bar = line.find('|')) {
        fields.push_back(line.substr(0, bar));
        line.remove_prefix(bar + 1);
    }
    fields.push_back(line);
    return fields;
}

template <typename Take>
void for_each_line(std::string_view text, std::size_t fields, Take take) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const auto parts = fields_of(text.substr(0, end), fields);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (parts.size() == fields) take(parts);
    }
}

std::optional<std::int64_t> digits(std::string_view text) {
    std::int64_t value = 0;
    if (text.empty() || text.size() > number_digits_most) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

// "12", "2K" (of 1024), "4-8": at least four.
std::optional<std::int64_t> node_count(std::string_view text) {
    text = text.substr(0, text.find('-'));
    const bool is_kilo = text.ends_with('K');
    if (is_kilo) text.remove_suffix(1);
    const auto value = digits(text);
    if (!value || *value == 0) return std::nullopt;
    return is_kilo ? *value * 1024 : *value;
}

std::string list_of(std::string_view text) {
    return text == "(null)" || text == "None assigned" ? std::string() : std::string(text);
}

std::optional<SlurmQueueJob> job_of(const std::vector<std::string_view>& fields) {
    const auto nodes = node_count(fields[3]);
    if (fields[0].empty() || !nodes) return std::nullopt;
    const std::string_view reason = fields[10];
    return SlurmQueueJob{
        .id = std::string(fields[0]),
        .name = std::string(fields[11]),
        .partition = std::string(fields[1]),
        .state = slurm_state(fields[2]),
        .nodes = *nodes,
        .submitted_ms = slurm_time_ms(fields[4]),
        .started_ms = slurm_time_ms(fields[5]),
        .ended_ms = slurm_time_ms(fields[6]),
        .limit_ms = slurm_duration_ms(fields[7]),
        .planned_nodes = list_of(fields[8]),
        .used_nodes = list_of(fields[9]),
        .is_held = std::find(held_reasons.begin(), held_reasons.end(), reason) != held_reasons.end()};
}

bool waits_here(const SlurmQueueJob& job, const SlurmQueueOptions& options) {
    return job.state == SlurmState::pending && !job.is_held && job.partition == options.partition;
}

bool is_harvest(const SlurmQueueJob& job, const SlurmQueueOptions& options) {
    return !options.preemptible.empty() && job.partition == options.preemptible;
}

bool holds_nodes(const SlurmQueueJob& job, const SlurmQueueOptions& options) {
    const bool is_here = job.partition == options.partition || is_harvest(job, options);
    return is_here && (job.state == SlurmState::active || job.state == SlurmState::completing);
}

bool is_idle(const SlurmNodes& nodes, const SlurmQueueOptions& options) {
    return nodes.partition == options.partition && nodes.state == "idle";
}

// "007" to "012" keep their zeros.
Status add_range(std::string_view prefix, std::string_view range, std::string_view suffix,
                 std::vector<std::string>& names) {
    const std::size_t dash = range.find('-');
    const std::string_view from = range.substr(0, dash);
    const std::string_view to = dash == std::string_view::npos ? from : range.substr(dash + 1);
    const auto first = digits(from), last = digits(to);
    if (!first || !last || *last < *first)
        return fail(Code::bad_input, "hosts: a range like 1-3 or 007, not '{}'", range.substr(0, 40));
    if (static_cast<std::uint64_t>(*last - *first) >= host_names_most - names.size())
        return fail(Code::bad_input, "hosts: more than {} names", host_names_most);
    for (std::int64_t n = *first; n <= *last; ++n)
        names.push_back(fmt::format("{}{:0{}}{}", prefix, n, from.size(), suffix));
    return {};
}

// Up to the comma that is in no bracket.
std::string_view take_word(std::string_view& list) {
    std::size_t at = 0;
    for (bool inside = false; at < list.size() && (inside || list[at] != ','); ++at)
        inside = list[at] == '[' || (inside && list[at] != ']');
    const std::string_view word = list.substr(0, at);
    list.remove_prefix(std::min(at + 1, list.size()));
    return word;
}

Status add_word(std::string_view word, std::vector<std::string>& names) {
    const std::size_t open = word.find('['), close = word.find(']');
    const bool is_plain = open == std::string_view::npos && close == std::string_view::npos;
    if (is_plain && !word.empty() && names.size() < host_names_most) {
        names.emplace_back(word);
        return {};
    }
    if (is_plain || open == std::string_view::npos || close == std::string_view::npos || close < open)
        return fail(Code::bad_input, "hosts: a name or NAME[1-3,5], not '{}'", word.substr(0, 40));
    const std::string_view suffix = word.substr(close + 1);
    if (suffix.find_first_of("[]") != std::string_view::npos)
        return fail(Code::bad_input, "hosts: one bracket a name, not '{}'", word.substr(0, 40));
    std::string_view ranges = word.substr(open + 1, close - open - 1);
    for (bool more = true; more;) {
        const std::size_t comma = ranges.find(',');
        EM_TRY(add_range(word.substr(0, open), ranges.substr(0, comma), suffix, names));
        more = comma != std::string_view::npos;
        if (more) ranges.remove_prefix(comma + 1);
    }
    return {};
}

}  // namespace

std::int64_t slurm_duration_ms(std::string_view text) {
    if (text == "UNLIMITED") return limit_most_ms;
    std::int64_t days = 0;
    const std::size_t dash = text.find('-');
    if (dash != std::string_view::npos) {
        const auto value = digits(text.substr(0, dash));
        if (!value) return 0;
        days = *value;
        text.remove_prefix(dash + 1);
    }
    std::array<std::int64_t, 3> parts{};
    std::size_t count = 0;
    for (bool more = true; more; ++count) {
        const std::size_t colon = text.find(':');
        const auto value = digits(text.substr(0, colon));
        if (!value || count == parts.size()) return 0;
        parts[count] = *value;
        more = colon != std::string_view::npos;
        if (more) text.remove_prefix(colon + 1);
    }
    const bool has_hours = count == 3 || dash != std::string_view::npos;
    std::int64_t seconds = parts[0] * 60 + parts[1];
    if (has_hours) seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    return std::min((days * 86'400 + seconds) * 1000, limit_most_ms);
}

Result<std::vector<std::string>> expand_hosts(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) EM_TRY(add_word(take_word(list), names));
    return names;
}

std::vector<SlurmQueueJob> parse_slurm_queue(std::string_view text) {
    std::vector<SlurmQueueJob> jobs;
    for_each_line(text, queue_fields, [&](const std::vector<std::string_view>& fields) {
        if (auto job = job_of(fields)) jobs.push_back(std::move(*job));
    });
    return jobs;
}

std::vector<SlurmNodes> parse_slurm_nodes(std::string_view text) {
    std::vector<SlurmNodes> nodes;
    for_each_line(text, 4, [&](const std::vector<std::string_view>& fields) {
        const auto count = node_count(fields[2]);
        if (!count) return;
        nodes.push_back({std::string(fields[0]), std::string(fields[1]), *count, std::string(fields[3])});
    });
    return nodes;
}

Result<SlurmQueue> read_slurm_queue(const SlurmCommands& commands, const std::vector<std::string>& partitions,
                                    bool with_ended) {
    const std::string where = fmt::format("--partition={}", fmt::join(partitions, ","));
    std::vector<std::string> words{"squeue", "--noheader", "--array", "--sort=-p,i", where};
    if (with_ended) words.emplace_back("--states=all");
    words.push_back("--format=" + std::string(queue_format));
    SlurmQueue queue;
    EM_ASSIGN(const std::string jobs, commands.ask(words));
    EM_ASSIGN(const std::string nodes, commands.ask({"sinfo", "--noheader", where, "--format=%R|%T|%D|%N"}));
    queue.jobs = parse_slurm_queue(jobs);
    queue.nodes = parse_slurm_nodes(nodes);
    // Slurm's commands are silent about a partition that it does not have.
    if (queue.nodes.empty())
        return fail(Code::not_found, "sinfo: no nodes in {}", fmt::join(partitions, ","));
    return queue;
}

QueuePicture picture_of(const SlurmQueue& queue, const SlurmQueueOptions& options, std::int64_t now_ms) {
    QueuePicture picture{.now_ms = now_ms};
    for (const SlurmNodes& nodes : queue.nodes) {
        if (is_idle(nodes, options)) picture.nodes += nodes.count;
    }
    for (const SlurmQueueJob& job : queue.jobs) {
        if (waits_here(job, options))
            picture.waiting.push_back(
                {job.nodes, job.limit_ms > 0 ? job.limit_ms : limit_most_ms, job.started_ms});
        if (!holds_nodes(job, options)) continue;
        picture.nodes += job.nodes;
        if (is_harvest(job, options)) continue;
        // What is completing gives its nodes back any moment.
        const bool is_over = job.state == SlurmState::completing;
        const std::int64_t limit = job.limit_ms > 0 ? job.limit_ms : limit_most_ms;
        const std::int64_t ends = job.ended_ms > 0 ? job.ended_ms : job.started_ms + limit;
        picture.running.push_back({job.nodes, std::clamp(job.started_ms, now_ms - limit_most_ms, now_ms),
                                   is_over ? now_ms + 1 : std::min(ends, now_ms + limit_most_ms)});
    }
    return picture;
}

std::vector<SlurmQueueJob> waiting_jobs(const SlurmQueue& queue, const SlurmQueueOptions& options) {
    std::vector<SlurmQueueJob> jobs;
    std::copy_if(queue.jobs.begin(), queue.jobs.end(), std::back_inserter(jobs),
                 [&](const SlurmQueueJob& job) { return waits_here(job, options); });
    return jobs;
}

Result<std::vector<IdleWindow>> windows_of(const SlurmQueue& queue, const SlurmQueueOptions& options,
                                           const std::vector<std::string>& own) {
    std::map<std::string, std::int64_t, std::less<>> until;
    const auto add = [&](const std::string& list) -> Status {
        EM_ASSIGN(const auto names, expand_hosts(list));
        for (const std::string& name : names) until[name] = gap_has_no_end;
        return {};
    };
    for (const SlurmNodes& nodes : queue.nodes) {
        if (is_idle(nodes, options)) EM_TRY(add(nodes.names));
    }
    const std::set<std::string> ours(own.begin(), own.end());
    for (const SlurmQueueJob& job : queue.jobs) {
        if (is_harvest(job, options) && job.state == SlurmState::active && ours.contains(job.id))
            EM_TRY(add(job.used_nodes));
    }
    for (const SlurmQueueJob& job : queue.jobs) {
        if (!waits_here(job, options) || job.started_ms <= 0) continue;
        EM_ASSIGN(const auto names, expand_hosts(job.planned_nodes));
        for (const std::string& name : names) {
            const auto found = until.find(name);
            if (found != until.end()) found->second = std::min(found->second, job.started_ms);
        }
    }
    std::map<std::int64_t, std::int64_t> counts;
    for (const auto& [name, end] : until) ++counts[end];
    std::vector<IdleWindow> windows;
    for (const auto& [end, nodes] : counts) windows.push_back({nodes, end});
    return windows;
}

Result<std::vector<IdleWindow>> SlurmIdleWindows::idle_windows() {
    std::vector<std::string> partitions{options_.partition}, own;
    if (!options_.preemptible.empty()) partitions.push_back(options_.preemptible);
    EM_ASSIGN(const SlurmQueue queue, read_slurm_queue(commands_, partitions));
    if (!options_.preemptible.empty()) {
        EM_ASSIGN(const std::string said,
                  commands_.ask({"squeue", "--noheader", "--array", "--me",
                                 "--partition=" + options_.preemptible, "--format=%i"}));
        for_each_line(said, 1, [&](const auto& fields) { own.emplace_back(fields[0]); });
    }
    return windows_of(queue, options_, own);
}

}  // namespace euromesh::federation
