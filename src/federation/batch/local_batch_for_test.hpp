// A journal of local jobs in a folder of its own, which takes everything along when it goes.
#pragma once

#include <unistd.h>

#include <atomic>

#include "base/os/system_clock.hpp"
#include "federation/batch/batch_conformance_for_test.hpp"
#include "federation/batch/local_batch.hpp"

namespace euromesh::federation {

struct LocalBatchFolder {
    LocalBatchFolder() {
        static std::atomic<int> count{0};
        path = std::filesystem::temp_directory_path() /
               ("em-batch-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
        std::filesystem::create_directories(path / "scratch");
        options = {.root = path / "journal", .slots = 2, .grace_ms = 100};
    }
    LocalBatchFolder(const LocalBatchFolder&) = delete;
    LocalBatchFolder& operator=(const LocalBatchFolder&) = delete;
    ~LocalBatchFolder() {
        end_all();
        std::filesystem::remove_all(path);
    }

    Result<std::unique_ptr<BatchSystem>> open() const {
        EM_ASSIGN(auto made, LocalBatch::open(options, clock));
        return std::unique_ptr<BatchSystem>(std::move(made));
    }
    BatchUnderTest test() const {
        return {.open = [this] { return open(); }, .scratch = path / "scratch", .slots = options.slots};
    }
    JobJournal journal() const { return {options.root}; }
    // Nothing of a test that failed half-way shall run on.
    void end_all() const {
        const auto system = open();
        if (!system) return;
        for (const BatchJob& job : (*system)->list().value_or(std::vector<BatchJob>{}))
            (void)(*system)->cancel(job.marker);
        const auto is_over = [](const BatchJob& job) { return job.is_over(); };
        for (auto jobs = (*system)->list(); jobs && !std::all_of(jobs->begin(), jobs->end(), is_over);
             jobs = (*system)->list())
            pause_a_little();
    }

    os::Path path;
    os::SystemClock clock;
    LocalBatchOptions options{};
};

}  // namespace euromesh::federation
