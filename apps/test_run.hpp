// For tests of the program as a whole: a small run in a folder of its own, and the program called as a user
// would.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/os/file.hpp"
#include "base/os/process.hpp"

namespace euromesh::apps {

using std::filesystem::path;

struct Called {
    int status = -1;
    std::string out;
    std::string err;
    std::size_t error_lines() const {
        return static_cast<std::size_t>(std::count(err.begin(), err.end(), '\n'));
    }
};

class TestRun {
  public:
    TestRun()
        : folder_(std::filesystem::temp_directory_path() /
                  ("em_run_" + std::to_string(::getpid()) + "_" + std::to_string(++count_))) {
        std::filesystem::create_directories(folder_);
        for (const char* site : {"a", "b", "c"}) {
            write(std::string(site) + ".txt", text_of(site[0], 20000));
            write(std::string(site) + "_held.txt", text_of(site[0], 3000));
        }
        write("run.toml", run_file(3));
    }
    TestRun(const TestRun&) = delete;
    TestRun& operator=(const TestRun&) = delete;
    ~TestRun() { std::filesystem::remove_all(folder_); }

    path file(const std::string& name) const { return folder_ / name; }
    path run_folder() const { return folder_ / "runs" / "small"; }

    void write(const std::string& name, const std::string& text) const {
        REQUIRE(os::write_file_atomically(folder_ / name, text));
    }
    std::string read(const path& name) const {
        return os::read_file(name, 1u << 30).value_or("(no such file)");
    }

    static std::string run_file(int sites) {
        std::string text =
            "[run]\nname = 'small'\nsteps = 40\ncheckpoint_rounds = 2\n"
            "[model]\ndim = 32\nlayers = 1\nheads = 2\nhidden = 64\ncontext = 16\n"
            "[inner]\nbatch = 4\nwarmup = 5\n[outer]\ninner_steps = 5\n[evaluate]\nevery_rounds = 2\nwindows "
            "= 8\n";
        for (int i = 0; i < sites; ++i) {
            const char name = static_cast<char>('a' + i);
            text += fmt::format(
                "[[site]]\nname = '{0}'\nlanguage = 'L{0}'\ntext = '{0}.txt'\nheldout = "
                "'{0}_held.txt'\nprompt = 'the'\n",
                name);
        }
        return text;
    }
    // The run file with one line replaced.
    std::string changed(const std::string& line, const std::string& replacement, int sites = 3) const {
        std::string text = run_file(sites);
        const std::size_t at = text.find(line);
        REQUIRE(at != std::string::npos);
        return text.replace(at, line.size(), replacement);
    }

    std::vector<std::string> command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), EUROMESH_PROGRAM);
        return arguments;
    }

    Called call(std::vector<std::string> arguments) const {
        os::Children children;
        const path errors = folder_ / "stderr.txt";
        REQUIRE(children.start(command(std::move(arguments)), errors));
        Called called;
        while (children.any_left()) {
            for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(1000))) {
                if (event.exit_status)
                    called.status = *event.exit_status;
                else
                    called.out += event.line + "\n";
            }
        }
        called.err = read(errors);
        return called;
    }

    // The lines of one kind in what process `name` told.
    std::vector<Json> events_of(const std::string& name, const std::string& kind) const {
        std::vector<Json> events;
        const std::string text = read(run_folder() / "events" / (name + ".jsonl"));
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t end = std::min(text.find('\n', begin), text.size());
            const Result<Json> event = parse_json(text.substr(begin, end - begin));
            REQUIRE(event);
            if (event->value("event", "") == kind) events.push_back(*event);
            begin = end + 1;
        }
        return events;
    }

  private:
    // Something that a small model learns a little of.
    static std::string text_of(char flavour, std::size_t size) {
        std::string text;
        for (std::size_t i = 0; text.size() < size; ++i) {
            text += fmt::format("the {}{} cat {} sat on mat {}. ", flavour, i % 7, flavour, (i * i) % 11);
        }
        return text;
    }
    static inline int count_ = 0;
    path folder_;
};

}  // namespace euromesh::apps
