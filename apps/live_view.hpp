// The sites of a run on one screen: a table that is drawn again in place on a terminal, or now and then a
// line.
//
// draw() is called after each event and paints at most ten times a second. Writes to standard error, so that
// standard output stays for documents. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace euromesh::apps {

class LiveView {
  public:
    LiveView(const Clock& clock, std::vector<std::string> names, std::int64_t steps, bool terminal,
             int width);

    void add(const std::string& name, const Json& event);
    void note(const std::string& text);
    // Paints the last state and leaves it on the screen.
    void finish();

    // The table as text: one line for each process, and a bar for the whole.
    std::vector<std::string> lines() const;

  private:
    struct Row {
        std::int64_t step = 0, round = 0, bytes = 0;
        double loss = 0, rate = 0, wait_s = 0;
        bool started = false, ended = false;
    };
    void draw(bool now);
    std::string line_of(const std::string& name, const Row& row) const;
    std::string bar() const;

    const Clock& clock_;
    std::vector<std::string> names_;
    std::map<std::string, Row> rows_;
    std::int64_t steps_;
    bool terminal_;
    std::size_t width_;
    std::size_t painted_lines_ = 0;
    Nanoseconds begin_, last_paint_;
};

}  // namespace euromesh::apps
