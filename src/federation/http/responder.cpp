#include "federation/http/responder.hpp"

#include <atomic>

namespace euromesh::federation {

struct Responder::State {
    std::unique_ptr<CallSink> sink;
    std::string request_id;
    std::atomic<bool> answered{false};

    State(std::unique_ptr<CallSink> to, std::string id) : sink(std::move(to)), request_id(std::move(id)) {}
    ~State() {
        if (answered.load()) return;
        sink->answer(
            problem_answer(problem_of(Error{Code::internal, "the handler gave no answer"}), request_id));
    }
};

Responder::Responder(std::unique_ptr<CallSink> sink, std::string request_id)
    : state_(std::make_shared<State>(std::move(sink), std::move(request_id))) {}

void Responder::answer(HttpAnswer answer) const {
    if (state_->answered.exchange(true)) return;
    state_->sink->answer(std::move(answer));
}

void Responder::problem(const Problem& problem) const {
    answer(problem_answer(problem, state_->request_id));
}

void Responder::result(const Result<Json>& document, int status) const {
    if (document)
        answer(json_answer(*document, status));
    else
        fail(document.error());
}

std::shared_ptr<EventStream> Responder::open_events() const {
    if (state_->answered.exchange(true)) return nullptr;
    return state_->sink->open_events();
}

const std::string& Responder::request_id() const {
    return state_->request_id;
}

}  // namespace euromesh::federation
