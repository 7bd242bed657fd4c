// How a training process tells what happens: JSON lines for programs, short lines for people.
//
// The events are the contract between the processes of a run and its launcher (docs/cli.md lists them); a
// program reads exactly what the launcher reads. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "base/os/file.hpp"

namespace euromesh::apps {

class EventTeller {
  public:
    explicit EventTeller(bool json) : json_(json) {}
    // From now on events (all but "progress") are also appended to this file, for the report.
    Status keep_in(const os::Path& file);
    // From now on somebody else is told, too.
    void watch(std::function<void(const Json&)> watcher) { watcher_ = std::move(watcher); }
    // event: {"event": kind, ...}. A full disk loses the kept copy, never the run: the failure is told once.
    void tell(const Json& event);

  private:
    bool json_;
    std::optional<os::AppendFile> kept_;
    std::function<void(const Json&)> watcher_;
};

// One line for a person, or empty when the event is only of use to programs.
std::string in_words(const Json& event);

// 1234567 -> "1.23 MB"
std::string bytes_in_words(double bytes);

// Prints the document on standard output, indented.
void print_json(const Json& document);

}  // namespace euromesh::apps
