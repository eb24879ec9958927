#pragma once

#include <QQmlNetworkAccessManagerFactory>

namespace lapidary::app {

/// Gives the QML engine a network that refuses every address: nothing that a view shows, and no
/// text of a model, can fetch anything. Resources of the program do not come this way.
class RefusingNetwork final : public QQmlNetworkAccessManagerFactory {
public:
    [[nodiscard]] QNetworkAccessManager* create(QObject* parent) override;
};

} // namespace lapidary::app
