"""Networks: functions of tensors with no idea of diffusion. Only torch, types and errors are known here."""
