// What jobs print, on its way from a site to whoever asks: nothing is kept here.
//
// Sites dial out, so a question waits until the site's agent calls the next time, is handed to it with the
// answer, and is answered when the agent brings the output. Bounded in questions and in time: after the limit
// who asked is told that the site is away. Thread rule: any thread.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace euromesh::federation {

class OutputDesk {
  public:
    using Answer = std::function<void(Result<Json>)>;
    explicit OutputDesk(const Clock& clock, Nanoseconds limit = std::chrono::seconds(10),
                        std::size_t most = 1000)
        : clock_(clock), limit_(limit), most_(most) {}

    // unavailable, to the answer: too many questions, or the site does not call in time.
    void ask(const std::string& site, const std::string& claim, Answer answer);
    // Claims that somebody asks for, each once. For the answer to the site's next report.
    std::vector<std::string> wanted(const std::string& site) const;
    // From the site.
    void bring(const std::string& site, const std::string& claim, const Json& output);
    // Answers what has waited too long; call it now and then.
    void give_up();

  private:
    struct Question {
        std::string site, claim;
        Answer answer;
        Nanoseconds since;
    };
    template <class Matches>
    std::vector<Question> take(Matches matches);

    const Clock& clock_;
    Nanoseconds limit_;
    std::size_t most_;
    mutable std::mutex mutex_;
    std::deque<Question> questions_;
};

}  // namespace euromesh::federation
