#pragma once

#include <engine/recipe.h>

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

#include <vector>

namespace lapidary::app {

/// The recipes, by the order of their files' names, each with a line of what it is made of for the
/// highlighted model. Lives on the UI thread.
class RecipeList final : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("ModelPicker makes it")

public:
    enum Role {
        RecipeIdRole = Qt::UserRole + 1,
        TitleRole,
        SummaryRole, ///< the recipe's own words, else its parts: "no drafter · 32 k · bf16 cache"
    };
    Q_ENUM(Role)

    explicit RecipeList(QObject* parent);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QHash<int, QByteArray> roleNames() const override;

    [[nodiscard]] const std::vector<engine::Recipe>& recipes() const { return recipes_; }
    [[nodiscard]] int rowOf(const QString& id) const;
    void show(std::vector<engine::Recipe> recipes);

    /// The longest context of the highlighted model: no session has more. 0: not known.
    void setModelContext(int tokens);

private:
    [[nodiscard]] QString summaryOf(const engine::Recipe& recipe) const;

    std::vector<engine::Recipe> recipes_;
    int modelContextTokens_ = 0;
};

} // namespace lapidary::app
