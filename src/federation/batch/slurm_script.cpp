#include "federation/batch/slurm_script.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "federation/batch/job_record.hpp"

namespace euromesh::federation {
namespace {

constexpr std::size_t record_most_bytes = 4096;
constexpr std::array causes{EndCause::exit, EndCause::signal, EndCause::time_limit, EndCause::cancelled,
                            EndCause::not_started};

// The part that is the same for all jobs. W, R, G: seconds until the warning, from there to the limit, of
// grace.
constexpr std::string_view body = R"(
U=$(umask)
umask 077
now() { date +%s%3N; }
# ended CAUSE STATUS MESSAGE: by temp and rename, so that it is there as a whole or not at all.
ended() {
    E=$(now)
    times >"$F/began/times"
    { read -r C; read -r C; } <"$F/began/times"
    printf '%s %s %s %s %s\n%s\n' "$1" "$2" "$S" "$E" "$C" "$3" >"$F/ended.new"
    sync "$F/ended.new" 2>/dev/null
    mv -f "$F/ended.new" "$F/ended"
}
refuse() {
    ended not_started 127 "$1"
    exit 127
}
# Of several runs of this job one makes the folder; the others are none.
mkdir "$F/began" || exit 75
S=$(now)
printf '%s %s\n' "${SLURM_JOB_ID:-0}" "$S" >"$F/began/new" && mv "$F/began/new" "$F/began/record" || exit 75
if [ -e "$F/cancel" ]; then
    ended cancelled 143 'cancelled before it started'
    exit 143
fi
cd "$D" 2>/dev/null || refuse "no directory $D"
place
P=
warned=
pass() { [ -z "$P" ] || kill -s TERM -- "-$P" 2>/dev/null; }
warn() {
    [ -n "$warned" ] || pass
    warned=yes
}
limit=
trap pass TERM
trap warn USR1
trap 'limit=yes; pass' USR2
(umask "$U" && program) </dev/null >"$O" 2>"$X" &
P=$!
# The timer; and who looks whether the agent wants an end, which Slurm may be unable to ask for politely.
setsid sh -c '(while sleep 1; do [ ! -e "$5" ] || { kill -s TERM "$2"; break; }; done) &
    for s in $1; do sleep "${s#*:}"; kill -s "${s%:*}" "$2" 2>/dev/null; done; sleep "$3"; kill -s KILL -- "-$4"' \
    timer "$T" $$ "$G" "$P" "$F/cancel" </dev/null >/dev/null 2>&1 &
K=$!
# A signal ends a wait early; the program's own end is the last answer.
while :; do
    wait "$P"
    A=$?
    kill -0 "$P" 2>/dev/null || break
done
trap '' TERM USR1 USR2
wait "$P" 2>/dev/null
B=$?
[ "$B" = 127 ] || A=$B
# The timer may not have come as far as a group of its own.
kill -s KILL -- "-$P" "-$K" "$K" 2>/dev/null
if [ -e "$F/began/absent" ]; then
    ended not_started 127 'no such program'
elif [ -n "$limit" ]; then
    ended time_limit "$A" ''
elif [ "$A" -gt 128 ]; then
    ended signal "$A" ''
else
    ended exit "$A" ''
fi
exit "$A"
)";

std::string seconds_of(std::int64_t ms) {
    return fmt::format("{}.{:03}", ms / 1000, ms % 1000);
}

// SIGNAL:SECONDS SIGNAL:SECONDS, each counted from the one before.
std::string timer_of(const JobStart& job) {
    const bool warns = job.warn_ms > 0 && job.warn_ms < job.duration_ms;
    if (!warns) return "USR2:" + seconds_of(job.duration_ms);
    return "USR1:" + seconds_of(job.duration_ms - job.warn_ms) + " USR2:" + seconds_of(job.warn_ms);
}

std::string files_of(const JobStart& job, const os::Path& folder) {
    std::string made = "place() {\n    :\n";
    for (const auto& [name, text] : job.files) {
        const std::string from = shell_quoted((folder / "files" / name).string());
        const std::string to = shell_quoted("./" + name), between = shell_quoted("./" + name + ".new");
        made += fmt::format("    cp {} {} && mv -f {} {} || refuse 'its files cannot be written'\n", from,
                            between, between, to);
    }
    return made + "}\n";
}

std::string program_of(const JobStart& job) {
    std::string made = "program() {\n";
    for (const auto& [name, value] : job.environment)
        made += fmt::format("    export {}={}\n", name, shell_quoted(value));
    const std::string program = shell_quoted(job.executable);
    made += fmt::format("    command -v {} >/dev/null || {{ : >\"$F/began/absent\"; exit 127; }}\n", program);
    made += "    exec setsid";
    if (job.resources.nodes > 1 || job.resources.processes > 1) {
        made += fmt::format(" srun --nodes={} --ntasks-per-node={} --kill-on-bad-exit=1", job.resources.nodes,
                            job.resources.processes);
    }
    made += " " + program;
    for (const std::string& argument : job.arguments) made += " " + shell_quoted(argument);
    return made + "\n}\n";
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t space = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, space));
        line.remove_prefix(std::min(space + 1, line.size()));
    }
    return words;
}

std::optional<std::int64_t> integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

// "1m2.345s", with however many digits, as `times` of any shell writes it; with ',' where the language wants
// that.
std::optional<std::int64_t> span_ms(std::string_view text) {
    const std::size_t minute = text.find('m'), point = text.find_first_of(".,");
    if (minute == std::string_view::npos || point == std::string_view::npos || point < minute ||
        !text.ends_with('s'))
        return std::nullopt;
    std::string digits(text.substr(point + 1, text.size() - point - 2));
    digits.resize(3, '0');
    const auto minutes = integer(text.substr(0, minute));
    const auto seconds = integer(text.substr(minute + 1, point - minute - 1));
    const auto milliseconds = integer(digits);
    if (!minutes || !seconds || !milliseconds || *minutes > 1'000'000'000 || *seconds > 60)
        return std::nullopt;
    return *minutes * 60'000 + *seconds * 1000 + *milliseconds;
}

tl::unexpected<Error> damaged(std::string_view what) {
    return fail(Code::corrupted, "the record of a job's {} is damaged", what);
}

}  // namespace

std::string shell_quoted(std::string_view text) {
    std::string made = "'";
    for (const char c : text) {
        if (c == '\'') {
            made += "'\\''";
        } else {
            made += c;
        }
    }
    return made + "'";
}

std::string slurm_submit_script(const os::Path& folder) {
    return "#!/bin/sh\nexec /bin/sh " + shell_quoted((folder / "run.sh").string()) + "\n";
}

std::string slurm_run_script(const SlurmScript& script) {
    const JobStart& job = script.job;
    const auto path = [&](const std::string& chosen, const char* own) {
        return shell_quoted(chosen.empty() ? (script.folder / own).string() : chosen);
    };
    std::string made = "#!/bin/sh\n# A job of EuroMesh. Leave this file alone.\n";
    made += "F=" + shell_quoted(script.folder.string()) + "\n";
    made += "D=" + path(job.directory, "work") + "\n";
    made += "O=" + path(job.stdout_path, "out") + "\n";
    made += "X=" + path(job.stderr_path, "err") + "\n";
    made += "T=" + shell_quoted(timer_of(job)) + "\n";
    made += "G=" + seconds_of(script.grace_ms) + "\n";
    made += files_of(job, script.folder);
    made += program_of(job);
    return made.append(body);
}

Result<SlurmBegan> decode_began(std::string_view text) {
    if (text.size() > record_most_bytes || !text.ends_with('\n')) return damaged("start");
    const auto words = words_of(text.substr(0, text.size() - 1));
    if (words.size() != 2 || !integer(words[0]) || !integer(words[1])) return damaged("start");
    return SlurmBegan{.job_id = std::string(words[0]), .started_ms = *integer(words[1])};
}

Result<SlurmEnded> decode_slurm_ended(std::string_view text) {
    const std::size_t line = text.find('\n');
    if (text.size() > record_most_bytes || line == std::string_view::npos || !text.ends_with('\n'))
        return damaged("end");
    const auto words = words_of(text.substr(0, line));
    if (words.size() != 6) return damaged("end");
    SlurmEnded made;
    const auto cause = std::find_if(causes.begin(), causes.end(),
                                    [&](EndCause known) { return name_of(known) == words[0]; });
    const auto status = integer(words[1]), started = integer(words[2]), ended = integer(words[3]);
    if (cause == causes.end() || !status || *status > 255 || !started || !ended) return damaged("end");
    made.cause = *cause;
    made.exit_status = *status;
    made.started_ms = *started;
    made.ended_ms = std::max(*ended, *started);
    made.cpu_ms = span_ms(words[4]).value_or(0) + span_ms(words[5]).value_or(0);
    const std::string_view rest = text.substr(line + 1);
    made.message = as_message(rest.substr(0, rest.find('\n')));
    return made;
}

}  // namespace euromesh::federation
