#pragma once

#include <engine/engine.h>

#include <memory>
#include <string>

/// The model that ships, loaded as the program loads it, asked greedily.
class DemoModel {
public:
    DemoModel();

    struct Reply {
        std::string thought;
        std::string answer; ///< without the space around it
        lapidary::engine::FinishReason reason = lapidary::engine::FinishReason::Failed;
    };

    [[nodiscard]] bool isLoaded() const { return session_ != nullptr; }
    [[nodiscard]] const std::string& error() const { return error_; }
    /// What loading says about the folder's chat template.
    [[nodiscard]] const std::string& templateNotice() const { return templateNotice_; }
    [[nodiscard]] Reply ask(lapidary::engine::Request request);

private:
    std::unique_ptr<lapidary::engine::Session> session_;
    std::string error_;
    std::string templateNotice_;
};
