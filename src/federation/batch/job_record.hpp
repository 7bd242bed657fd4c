// What is written down of a local job, each thing once and by one writer: the files of the journal.
//
// Why small files and no table: agent and shepherd are processes of their own that may die at any moment; a
// file that is renamed into place is there as a whole or not at all, and needs no other process to be read.
// All are JSON of one object with a version. Plain values: no thread rule.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/os/detached_process.hpp"
#include "base/os/file.hpp"
#include "base/result.hpp"
#include "federation/batch/batch_system.hpp"

namespace euromesh::federation {

inline constexpr std::size_t job_record_most_bytes = 4u << 20;

// Paths of the journal below its root; each folder holds one file for each job that has come so far.
struct JobJournal {
    os::Path root;

    os::Path folder(std::string_view kind) const { return root / kind; }
    os::Path start(const std::string& marker) const { return root / "start" / (marker + ".json"); }
    os::Path placed(const std::string& marker) const { return root / "placed" / (marker + ".json"); }
    os::Path cancel(const std::string& marker) const { return root / "cancel" / (marker + ".json"); }
    os::Path running(const std::string& marker) const { return root / "running" / (marker + ".json"); }
    os::Path ended(const std::string& marker) const { return root / "ended" / (marker + ".json"); }
    os::Path forgotten(const std::string& marker) const { return root / "forgotten" / (marker + ".json"); }
    os::Path lock(const std::string& marker) const { return root / "lock" / marker; }
    os::Path said(const std::string& marker) const { return root / "said" / marker; }
    os::Path work(const std::string& marker) const { return root / "work" / marker; }
    os::Path output(const std::string& marker, JobStream stream) const {
        return root / "output" / (marker + (stream == JobStream::out ? ".out" : ".err"));
    }
};

// The folders of a journal.
inline constexpr std::array<std::string_view, 10> journal_folders{
    "start", "placed", "cancel", "running", "ended", "forgotten", "lock", "said", "work", "output"};

// By the agent, when it accepts the job: from then on it exists.
struct StartRecord {
    JobStart job{};  // with the whole environment that it will see
    std::uint64_t order = 0;
    std::int64_t submitted_ms = 0;
    std::int64_t grace_ms = 0;
    std::uint64_t output_most_bytes = 0;
};

// By the agent, before it starts a shepherd: the job has a slot, and these devices.
struct PlacedRecord {
    std::vector<std::int64_t> gpus{};
};

// By the shepherd, before the first instruction of the program.
struct RunningRecord {
    os::ProcessIdentity process{};
    std::int64_t started_ms = 0;
};

// By the shepherd; or by the agent when no shepherd will.
struct EndRecord {
    BatchState state = BatchState::ended;
    EndCause cause = EndCause::exit;
    std::int64_t exit_status = -1;  // below zero: none
    std::string message{};
    std::int64_t started_ms = 0;  // 0: it never was
    std::int64_t ended_ms = 0;
    BatchUsage usage{};
    std::array<std::uint64_t, 2> dropped_bytes{};
};

std::string encode(const StartRecord& record);
std::string encode(const PlacedRecord& record);
std::string encode(const RunningRecord& record);
std::string encode(const EndRecord& record);

// corrupted: not what encode() writes; `where` names the file.
Result<StartRecord> decode_start(std::string_view text, const std::string& where);
Result<PlacedRecord> decode_placed(std::string_view text, const std::string& where);
Result<RunningRecord> decode_running(std::string_view text, const std::string& where);
Result<EndRecord> decode_end(std::string_view text, const std::string& where);

// How a job that is over ended, as a record and back; what the record says of nothing else stays as it is.
EndRecord end_of(const BatchJob& job);
void take_end(BatchJob& job, const EndRecord& end);

// At most `most` bytes from `offset` on of what a job has written into `path` so far; no file: nothing yet.
Result<OutputPart> read_output(const os::Path& path, std::uint64_t offset, std::size_t most);

// A text that may go into a record and to people: printable, UTF-8, at most 500 bytes.
std::string as_message(std::string_view text);

}  // namespace euromesh::federation
