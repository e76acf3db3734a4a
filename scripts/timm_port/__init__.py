"""The one step that knows timm and ResNet: from a timm checkpoint to this repository's model."""
