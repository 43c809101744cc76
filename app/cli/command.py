"""What every command has in common: an option that takes one value is given once, and what is wrong is said plainly."""

from collections import Counter
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

_MACHINERY = "Value error, "


class Command(TyperCommand):
    """A command that refuses what it would otherwise have to choose from: two values where one counts."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer keeps this type to itself
        """Read the options and arguments; raise what ends in wrong use."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(order).items():
            if times == 1 or ctx.resilient_parsing or not isinstance(option, TyperOption):
                continue
            if not (option.multiple or option.is_eager):
                raise typer.BadParameter("it is given more than once, and one counts.", ctx=ctx, param=option)
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_MACHINERY)
            raise
