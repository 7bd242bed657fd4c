// The one way to answer a call: at once or later, from any thread.
//
// The first answer counts, further ones are nothing. When the last copy is gone and none was given, the
// client gets a 500: a forgotten call is never a client that waits. When the client has left, answers are
// dropped. Copies share the call. Thread rule: safe from any thread.
#pragma once

#include <cstddef>
#include <memory>

#include "federation/http/call.hpp"
#include "federation/http/event_stream.hpp"

namespace euromesh::federation {

// Where answers go: the connection. Its functions are called at most once in sum.
class CallSink {
  public:
    virtual ~CallSink() = default;
    virtual void answer(HttpAnswer answer) = 0;
    virtual std::shared_ptr<EventStream> open_events() = 0;
};

class Responder {
  public:
    Responder(std::unique_ptr<CallSink> sink, std::string request_id);

    void answer(HttpAnswer answer) const;
    void problem(const Problem& problem) const;
    void fail(const Error& error) const { problem(problem_of(error)); }
    // A document, or the problem of its error.
    void result(const Result<Json>& document, int status = 200) const;
    // Turns the answer into a stream of events. Null when an answer was given already.
    std::shared_ptr<EventStream> open_events() const;
    const std::string& request_id() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace euromesh::federation
