#include "apps/jobs.hpp"

#include <algorithm>
#include <csignal>

#include "base/os/file.hpp"

namespace euromesh::apps {
namespace {

constexpr int status_go_on = 75;  // it was told to leave, and goes on when it is started again (docs/cli.md)
constexpr Nanoseconds stop_grace = std::chrono::seconds(20);

// What a process said last on standard error, without our own prefix.
std::string last_words(const Job& job) {
    const Result<std::string> log = os::read_file(job.log, 64u << 20);
    if (!log) return "no message";
    std::string_view text(*log);
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    const std::size_t begin = text.rfind('\n');
    std::string_view line = begin == std::string_view::npos ? text : text.substr(begin + 1);
    if (line.rfind("euromesh: ", 0) == 0) line.remove_prefix(10);
    return line.empty() ? "no message" : std::string(line.substr(0, 1000));
}

Code code_of_exit(int status) {
    for (int code = 0; code <= static_cast<int>(Code::internal); ++code) {
        if (exit_status(static_cast<Code>(code)) == status) return static_cast<Code>(code);
    }
    return Code::unavailable;
}

class Runner {
  public:
    Runner(std::vector<Job> jobs, std::size_t slots, const JobHandlers& handlers, const Clock& clock)
        : slots_(slots), handlers_(handlers), clock_(clock) {
        std::stable_sort(jobs.begin(), jobs.end(),
                         [](const Job& a, const Job& b) { return a.work > b.work; });
        for (Job& job : jobs) waiting_.push_back(std::move(job));
    }

    Status run() {
        while (fill_slots() && running_ > 0) {
            for (const os::ChildEvent& event : children_.poll(std::chrono::milliseconds(200))) handle(event);
            obey_stop();
        }
        if (stopping_ && !failure_) return fail(Code::cancelled, "stopped; --resume continues the run");
        if (failure_) return fail(*failure_);
        return {};
    }

  private:
    bool fill_slots() {
        while (running_ < slots_ && !waiting_.empty() && !stopping_) {
            Job job = std::move(waiting_.front());
            waiting_.pop_front();
            const Result<std::size_t> child = children_.start(job.arguments, job.log);
            if (!child) {
                failure_ = child.error();
                stop_all();
                return running_ > 0;
            }
            started_.push_back(std::move(job));
            ++running_;
        }
        return true;
    }

    void handle(const os::ChildEvent& event) {
        const Job& job = started_[event.child];
        if (event.exit_status) return ended(event.child, *event.exit_status);
        const Result<Json> parsed = parse_json(event.line, os::max_line_bytes);
        if (!parsed || !parsed->is_object()) return;  // libraries may print; only events count
        const std::string kind = parsed->value("event", "");
        if (kind == "round" || kind == "done") has_worked_.insert(job.teller);
        handlers_.on_event(job, *parsed);
    }

    void ended(std::size_t child, int status) {
        --running_;
        if (status == 0 || stopping_) return;
        Job job = started_[child];
        const std::string name = name_of(job.teller);
        if ((status > 128 || status == status_go_on) && job.restarts > 0) {
            const std::string what =
                status > 128 ? fmt::format("was killed (signal {})", status - 128) : "left";
            handlers_.on_note(fmt::format("{} {}; the run goes on, it is started again", name, what));
            --job.restarts;
            waiting_.push_front(std::move(job));
            return;
        }
        const std::string words =
            status > 128 ? fmt::format("killed by signal {}", status - 128) : last_words(job);
        if (!failure_) failure_ = Error{code_of_exit(status), fmt::format("{}: {}", name, words)};
        if (has_worked_.count(job.teller) == 0)
            stop_all();
        else
            handlers_.on_note(fmt::format("{} ended: {}; the others go on", name, words));
    }

    void stop_all() {
        stopping_ = true;
        stopped_at_ = clock_.monotonic();
        for (std::size_t child = 0; child < started_.size(); ++child) children_.send_signal(child, SIGTERM);
    }

    void obey_stop() {
        if (os::stop_requested() && !stopping_) stop_all();
        if (!stopping_ || clock_.monotonic() - stopped_at_ < stop_grace) return;
        for (std::size_t child = 0; child < started_.size(); ++child) children_.send_signal(child, SIGKILL);
    }

    std::size_t slots_;
    const JobHandlers& handlers_;
    const Clock& clock_;
    std::deque<Job> waiting_;
    std::vector<Job> started_;  // by child
    std::set<contract::Teller> has_worked_;
    os::Children children_;
    std::size_t running_ = 0;
    bool stopping_ = false;
    Nanoseconds stopped_at_{0};
    std::optional<Error> failure_;
};

}  // namespace

Status run_jobs(std::vector<Job> jobs, std::size_t slots, const JobHandlers& handlers, const Clock& clock) {
    return Runner(std::move(jobs), std::max<std::size_t>(slots, 1), handlers, clock).run();
}

}  // namespace euromesh::apps
