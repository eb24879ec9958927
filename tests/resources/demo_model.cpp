#include "demo_model.h"

#include <utility>
#include <variant>

using namespace lapidary;

namespace {

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \n");
    return begin == std::string::npos
               ? ""
               : text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

} // namespace

DemoModel::DemoModel() {
    engine::LoadRequest load;
    load.folder = LAPIDARY_RESOURCES "/demo-model";
    load.recipe.contextTokens = 4096;
    load.recipe.imageBudget = 70;
    auto session =
        engine::loadModel(load).and_then([this](const std::shared_ptr<engine::Model>& model) {
            templateNotice_ = model->description().templateNotice;
            return model->openSession();
        });
    if (session)
        session_ = std::move(*session);
    else
        error_ = session.error().sentence;
}

DemoModel::Reply DemoModel::ask(engine::Request request) {
    request.sampling = {.temperature = 0};
    request.maxTokens = 400;
    Reply reply;
    reply.reason =
        session_
            ->generate(request,
                       [&](const engine::Event& event) {
                           if (const auto* more = std::get_if<engine::ThoughtText>(&event))
                               reply.thought += more->text;
                           if (const auto* more = std::get_if<engine::AnswerText>(&event))
                               reply.answer += more->text;
                       })
            .reason;
    reply.answer = trimmed(reply.answer);
    return reply;
}
