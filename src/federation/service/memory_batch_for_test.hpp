// A batch system without processes: jobs run and end when the test says so. It outlives the agents of a test.
#pragma once

#include <map>
#include <set>

#include "federation/batch/batch_system.hpp"

namespace euromesh::federation {

class MemoryBatch final : public BatchSystem {
  public:
    Result<BatchJob> submit(const JobStart& job) override {
        if (is_away) return fail(Code::unavailable, "the scheduler does not answer");
        if (jobs_.contains(job.marker)) return jobs_.at(job.marker).job;
        if (forgotten_.contains(job.marker)) return fail(Code::conflict, "{} was forgotten", job.marker);
        if (job.executable == "/refuse") return fail(Code::refused, "this site takes no such thing");
        EM_TRY(check(job));
        ++starts[job.marker];
        Entry entry{job, {}, "printed by " + job.marker};
        entry.job.marker = job.marker;
        entry.job.state = BatchState::running;
        entry.job.started_ms = now_ms;
        jobs_.emplace(job.marker, entry);
        return entry.job;
    }
    Result<std::vector<BatchJob>> list() override {
        if (is_away) return fail(Code::unavailable, "the scheduler does not answer");
        std::vector<BatchJob> all;
        for (const auto& [marker, entry] : jobs_) all.push_back(entry.job);
        return all;
    }
    Status cancel(const std::string& marker) override {
        const auto found = jobs_.find(marker);
        if (found == jobs_.end()) return fail(Code::not_found, "no job {}", marker);
        if (!found->second.job.is_over()) end(marker, BatchState::cancelled, 143);
        return {};
    }
    Result<OutputPart> output(const std::string& marker, JobStream stream, std::uint64_t offset,
                              std::size_t most) override {
        const auto found = jobs_.find(marker);
        if (found == jobs_.end()) return fail(Code::not_found, "no job {}", marker);
        const std::string text = stream == JobStream::out ? found->second.printed : std::string();
        if (offset >= text.size()) return OutputPart{"", text.size(), 0};
        return OutputPart{text.substr(offset, most), text.size(), 0};
    }
    Status forget(const std::string& marker) override {
        const auto found = jobs_.find(marker);
        if (found == jobs_.end()) return {};
        if (!found->second.job.is_over()) return fail(Code::conflict, "{} is not over", marker);
        jobs_.erase(found);
        forgotten_.insert(marker);
        return {};
    }

    void end(const std::string& marker, BatchState state = BatchState::ended, std::int64_t status = 0) {
        BatchJob& job = jobs_.at(marker).job;
        job.state = state;
        job.exit_status = status;
        job.ended_ms = now_ms + 1000;
        job.usage.wall_ms = 1000;
    }
    bool has(const std::string& marker) const { return jobs_.contains(marker); }
    const JobStart& start_of(const std::string& marker) const { return jobs_.at(marker).start; }
    void print(const std::string& marker, std::string text) { jobs_.at(marker).printed = std::move(text); }

    std::map<std::string, int> starts;
    std::int64_t now_ms = 1'800'000'000'000;
    bool is_away = false;

  private:
    struct Entry {
        JobStart start;
        BatchJob job;
        std::string printed;
    };
    std::map<std::string, Entry> jobs_;
    std::set<std::string> forgotten_;
};

}  // namespace euromesh::federation
